"""What attendance decides: what is a punch, when it happened, what a phone says. Pure."""
