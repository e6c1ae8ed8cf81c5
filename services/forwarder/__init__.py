"""Forwarder: carries recorded punches to other systems.

Owns deliveries: what goes to which target, in which order, and how it went.
Says how each attempt ended; POSTs to targets, each in the order of its sequence, one at a time,
and out of turn what somebody asks for.
Hears which punches attendance recorded, and who wants some of them delivered now.
Never drops a delivery, never POSTs one twice at once, never takes silence for a receipt.
"""
