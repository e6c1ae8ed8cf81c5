"""What the registry decides, apart from everything it touches."""
