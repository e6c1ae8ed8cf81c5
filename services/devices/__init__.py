"""Devices: the registry of terminals and their operations; its agents hold the connections."""
