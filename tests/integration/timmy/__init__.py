"""The whole of /api against Timmy terminals that dial in."""
