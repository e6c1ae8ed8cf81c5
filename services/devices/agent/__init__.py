"""The device-agent: the only process that holds connections to hardware.

Owns: on its own disk a journal, logs while they are staged, and a quarantine; and the wires to its
site's devices, those it dials and those that dial in. Says: what it read and what was handed to it,
what else happened at a device, how operations went, alarms, which devices it is connected to. Asks:
the registry for its devices, for leave to operate, and to take people, templates and sightings of
terminals that are not served. Hears: operations, receipts, unlock requests. Never: touches
Postgres, decides what a punch is worth, takes a log for complete that does not add up, lets a
device forget what is kept nowhere else, or opens a door late.
"""
