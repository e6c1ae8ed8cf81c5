"""Fuzzing of every codec: targets, a corpus for each, and a runner."""
