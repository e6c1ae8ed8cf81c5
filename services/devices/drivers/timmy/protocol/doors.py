"""Opening the door: one request, and never a second one."""

from services.devices.drivers.timmy.protocol.procedure import Ask
from services.devices.drivers.timmy.protocol.terms import Terms


def unlock(_: Terms) -> Ask:
    """Return the command that opens the door, for as long as the terminal is set to (1.7)."""
    return Ask({"cmd": "opendoor"}, 5.0)
