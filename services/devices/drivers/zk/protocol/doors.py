"""Opening the door: one request, and never a second one."""

from services.devices.drivers.zk.messages import Command
from services.devices.drivers.zk.protocol.procedure import Ask
from services.devices.drivers.zk.protocol.terms import Terms


def unlock(terms: Terms, seconds: int) -> Ask:
    """Return the request that unlocks a door; only OK in answer means that it is unlocked."""
    return Ask(Command.UNLOCK, (seconds * terms.unlock_factor).to_bytes(4, "little"))
