"""The gateway, with real services behind it."""
