"""Forwarder: carries recorded punches to other systems.

Owns deliveries: what goes to which target, in which order, and how it went.
Says nothing on the bus; POSTs to targets, each in the order of its sequence, one at a time.
Hears which punches attendance recorded.
Never drops a delivery, never overtakes one, never takes silence for a receipt.
"""
