"""The device-agent: the only process that holds connections to hardware.

Owns: a journal on its own disk, and the wires to its site's devices. Says: what it read, how
operations went, which devices it is connected to. Hears: operations, receipts, unlock requests.
Never: touches Postgres, decides what a punch is worth, or opens a door late.
"""
