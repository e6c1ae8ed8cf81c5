"""What a Timmy terminal answers to the commands of its server, by name."""
