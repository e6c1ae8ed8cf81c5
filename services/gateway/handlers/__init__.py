"""What the gateway does itself, whichever dialect asked for it."""
