"""Frames of the Timmy dialect into values and back, and never by guess."""
