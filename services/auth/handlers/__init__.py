"""What auth hears, and what it does when it starts."""
