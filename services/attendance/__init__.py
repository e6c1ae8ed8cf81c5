"""Attendance: the archive of punches.

Owns every committed punch, its place in its site's record, what a phone said with it, how its
forwarding stands, and the names people have on devices.
Says which punches it recorded, and to each journal which batches it may forget.
Hears what agents read from devices, employees who punch by phone, and how deliveries go; answers
what callers ask about punches.
Never speaks to a device, never forgets a punch, never says what is not committed.
"""
