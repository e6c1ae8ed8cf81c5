"""What a procedure must know of its device that the device does not tell."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from shared.contracts.agents import LogLayout, Transport

_CHUNK: Final[dict[Transport, int]] = {"tcp": 65_472, "udp": 16_384}


class Terms(NamedTuple):
    """The terms on which one device is spoken to."""

    now: Callable[[], datetime]
    """True time, aware and in UTC."""
    zone: str = "UTC"
    """IANA name of the zone the device's clock is set to."""
    encoding: str = "utf-8"
    """The code page of the names on the device."""
    unlock_factor: int = 10
    """What one second of unlocking is on the wire."""
    log_layout: LogLayout = "auto"
    transport: Transport = "tcp"

    @property
    def chunk(self) -> int:
        """How many bytes of a table are asked for at once: what every client asks for."""
        return _CHUNK[self.transport]

    def local(self) -> datetime:
        """Return the true wall clock of the device's zone, without the zone."""
        return self.now().astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)
