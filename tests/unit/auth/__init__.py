"""What auth decides."""
