"""Everybody who is connected: how many there may be, and who makes room for one more."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from typing_extensions import override
from websockets.asyncio.server import ServerConnection

from services.devices.agent.links import tcp
from services.devices.drivers.timmy.messages import FRAME_LIMIT

_UNREAD_BYTES: Final = 2 * FRAME_LIMIT
"""What may wait to be taken in by one who goes on asking, pings without end for one."""


class Crowd:
    """Connections, from the first byte on; strangers first make room for others.

    A terminal that is served never makes room, so no number of strangers can displace it; and
    nobody is turned away at the door, because among those who come are terminals to be served.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._strangers: dict[Guest, None] = {}
        """In the order in which they came."""
        self._served: set[Guest] = set()

    def came(self, guest: "Guest") -> None:
        """Take a connection in; the stranger who is there for longest goes when it is too full."""
        self._strangers[guest] = None
        if len(self._strangers) + len(self._served) > self._limit:
            next(iter(self._strangers)).transport.abort()

    def admitted(self, guest: "Guest") -> None:
        """Take note that a connection is a terminal's that is served."""
        self._strangers.pop(guest, None)
        self._served.add(guest)

    def went(self, guest: "Guest") -> None:
        """Take note that a connection ended."""
        self._strangers.pop(guest, None)
        self._served.discard(guest)


class Guest(ServerConnection):
    """One connection of a crowd; the kernel itself asks it whether it is still there."""

    on_lost: Callable[[], None]
    """Called once the connection has ended."""

    def __init__(self, crowd: Crowd, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._crowd = crowd
        self.on_lost = _nobody_cares

    def admitted(self) -> None:
        """It is a terminal's that is served: from now on it may say more at once."""
        self._crowd.admitted(self)
        self.protocol.max_message_size = FRAME_LIMIT

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        tcp.watch(transport.get_extra_info("socket"))
        super().connection_made(transport)
        self._crowd.came(self)

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.get_write_buffer_size() > _UNREAD_BYTES:
            self.transport.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._crowd.went(self)
        self.on_lost()


def _nobody_cares() -> None:
    pass
