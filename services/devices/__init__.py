"""Devices: the registry of terminals and their operations; its agents hold the connections.

Owns: sites, devices and their sealed comm keys, presence, operations and how they ended.
Says: each site's owner in the SITE bucket, that a roster is new, operations for devices.
Hears: what callers ask of devices, jobs and doors; presence and outcomes from agents.
Never does: dial a device (only its agents do), keep a punch, or put an unlock on a stream.
"""
