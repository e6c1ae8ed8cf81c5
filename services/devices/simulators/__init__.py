"""Simulated terminals: the device's side of each dialect, a log that survives, faults."""
