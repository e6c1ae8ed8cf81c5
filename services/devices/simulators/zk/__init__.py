"""The ZKTeco port-4370 dialect from the terminal's side: its own codec, sans-I/O, and a TCP server."""
