"""What the gateway decides, and how it says so."""
