"""All of muster on one machine, with the broker and the database that came with its packages."""
