"""Bytes of the ZKTeco dialect into values and back, and never by guess."""
