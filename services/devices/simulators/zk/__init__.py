"""The ZKTeco port-4370 dialect from the terminal's side: its own codec, its own TCP server."""
