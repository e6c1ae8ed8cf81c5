"""The device-agent: the only process that holds connections to hardware.

Owns: on its own disk a journal, logs while they are staged, and a quarantine; and the wires to its
site's devices. Says: what it read, how operations went, alarms, which devices it is connected to.
Asks: the registry for its devices, for leave to operate, and to take people and templates. Hears:
operations, receipts, unlock requests. Never: touches Postgres, decides what a punch is worth, takes
a log for complete that does not add up, or opens a door late.
"""
