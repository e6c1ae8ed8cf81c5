"""Live events: which of them the device shall tell."""

from services.devices.drivers.zk.messages import Command, Event
from services.devices.drivers.zk.protocol.procedure import Ask, Procedure
from services.devices.drivers.zk.protocol.replies import accept


def listen(events: int = Event.PUNCH) -> Procedure[None]:
    """Ask the device for live events, a mask of ``Event``; for nothing but punches by default."""
    data = events.to_bytes(4, "little")
    accept((yield Ask(Command.REGISTER, data, repeatable=True)), "tell of live events")
