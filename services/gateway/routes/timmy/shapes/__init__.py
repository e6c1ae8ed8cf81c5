"""What callers send: bodies and queries, as the document of /api names their fields."""
