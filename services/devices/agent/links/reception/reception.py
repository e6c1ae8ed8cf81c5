"""The agent's reception: terminals dial in here, and links take them."""

import asyncio
import resource
from collections.abc import Iterable
from functools import partial
from http import HTTPStatus
from typing import Any, Final, cast

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from services.devices.agent.links.reception.admission import (
    CLONED,
    CONNECTED,
    TurnedAway,
    judged,
    masked,
    path_of,
)
from services.devices.agent.links.reception.crowd import Crowd, Guest
from services.devices.agent.links.reception.listening import Listening
from services.devices.agent.links.reception.pulse import Need
from services.devices.agent.links.reception.rivals import Rivals
from services.devices.agent.links.reception.strangers import Strangers, Tell, Trouble
from services.devices.agent.links.reception.visit import UnfitError, Visit
from services.devices.drivers.base import DeviceError
from shared.contracts.agents import RosterDevice
from shared.contracts.errors import Code
from shared.kit.clock import Clock
from shared.kit.logging import get_logger

log = get_logger(__name__)

_CONNECTIONS: Final = 10_000
"""Of everybody, strangers included; each is an open file and some 20 kB."""
_STRANGERS_BYTES: Final = 64 << 10
"""The largest frame of those who are not admitted yet: many times what they have to say."""
_OTHER_FILES: Final = 256
_REGISTRATION_SECONDS: Final = 30.0
_ARRIVAL_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.5
_SWEEP_SECONDS: Final = 60.0
_REPLACED: Final = 4001
_GONE: Final = "It is not a device of this site any more, or not by this path."
_NOBODY: Final = (
    "Nobody is heard here. Terminals dial /pub/chat, / or /ws, or the path they were given.\n"
)
_SETTINGS: Final[dict[str, Any]] = {
    "compression": None,
    "server_header": None,
    "max_size": _STRANGERS_BYTES,
    "max_queue": 1,
    "open_timeout": 10.0,
    "close_timeout": 2.0,
    "ping_interval": None,  # see ``pulse``
    "backlog": 4096,  # a site whose power comes back dials in at once
}


class Reception:
    """Listens for terminals, lets in those of the roster, and keeps an eye on them.

    ``sighted`` is told of those it turns away; ``trouble`` takes what a person should look at.
    """

    def __init__(self, listening: Listening, clock: Clock, sighted: Tell, trouble: Trouble) -> None:
        self._listening = listening
        self._clock = clock
        self._strangers = Strangers(clock, sighted, trouble)
        self._rivals = Rivals(clock)
        self._crowd = Crowd(_room())
        self._roster: dict[str, RosterDevice] = {}
        self._served: dict[str, Visit] = {}
        self._bells: dict[str, asyncio.Event] = {}
        self._group: asyncio.TaskGroup
        self.ready = asyncio.Event()
        """Set once terminals can dial in."""
        self.port = listening.port
        """Where it listens, once it does."""

    def expect(self, devices: Iterable[RosterDevice]) -> None:
        """Take the roster; whoever would not be let in any more is let go of."""
        self._roster = {each.serial.upper(): each for each in devices if each.dialect == "timmy"}
        for visit in tuple(self._served.values()):
            if isinstance(judged(self._roster, visit.claim), TurnedAway):
                self._dismiss(visit, CloseCode.POLICY_VIOLATION, _GONE)

    async def arrival(self, device: RosterDevice) -> Visit:
        """Return the connection of a device as soon as it has one that nobody took.

        Raises DEVICE_OFFLINE when it has none within half a minute.
        """
        serial = device.serial.upper()
        try:
            async with asyncio.timeout(_ARRIVAL_SECONDS):
                while (visit := self._served.get(serial)) is None or visit.taken or visit.ended:
                    await self._bells.setdefault(serial, asyncio.Event()).wait()
        except TimeoutError as error:
            details = "The terminal has not dialled in."
            raise DeviceError(Code.DEVICE_OFFLINE, details) from error
        visit.taken = True
        return visit

    async def run(self) -> None:
        """Let terminals dial in, for ever."""
        self._group = asyncio.TaskGroup()
        create = cast("type[ServerConnection]", partial(Guest, self._crowd))
        host, port, *_ = self._listening
        async with (
            self._group,
            serve(
                self._receive,
                host,
                port,
                process_request=self._door,
                create_connection=create,
                ssl=self._listening.tls(),
                **_SETTINGS,
            ) as server,
        ):
            self.port = server.sockets[0].getsockname()[1]
            self.ready.set()
            log.info("terminals can dial in", host=host, port=self.port)
            await self._keep_watch()

    # ── who comes ────────────────────────────────────────────────────────────

    def _door(self, connection: ServerConnection, request: Request) -> Response | None:
        if path_of(request.path) is not None:
            return None
        address = str(connection.remote_address[0])
        if self._strangers.bear(address):
            push = request.path.startswith("/iclock")
            why = "wrong protocol: ZKTeco push" if push else "no such path"
            log.warning("dialled in vain", why=why, path=masked(request.path), address=address)
        return connection.respond(HTTPStatus.NOT_FOUND, _NOBODY)

    async def _receive(self, connection: ServerConnection) -> None:
        guest = cast("Guest", connection)
        path = path_of(guest.request.path) if guest.request else None
        if path is None:
            return
        visit = Visit(guest, path, self._clock)
        try:
            await self._host(visit)
        except TimeoutError:
            why = f"It did not say who it is within {_REGISTRATION_SECONDS:.0f} s."
            await visit.close(CloseCode.POLICY_VIOLATION, why)
        except UnfitError as error:
            if self._strangers.bear(visit.address):
                log.warning("connection closed", why=str(error), address=visit.address)
            await visit.close(error.code, str(error))
        except ConnectionClosed as closed:
            log.info("terminal gone", address=visit.address, why=str(closed))
        finally:
            visit.end("The connection ended.")
            self._forget(visit)

    async def _host(self, visit: Visit) -> None:
        async with asyncio.timeout(_REGISTRATION_SECONDS):
            await visit.registration()
        while (turned := await self._admitted(visit)) is None:
            await visit.registration()
        await self._strangers.turn_away(visit, turned)

    async def _admitted(self, visit: Visit) -> TurnedAway | None:
        """Serve a terminal that registered, also again; or return why it is not served."""
        device = judged(self._roster, visit.claim)
        if isinstance(device, TurnedAway):
            return device
        if await self._met(visit, device):
            return TurnedAway(CONNECTED)
        serial = visit.claim.serial
        if self._rivals.quarantined(serial):
            return TurnedAway(CLONED)
        self._served[serial] = visit
        visit.admit(device)
        if bell := self._bells.pop(serial, None):
            bell.set()
        return None

    async def _met(self, visit: Visit, device: RosterDevice) -> bool:
        """Tell whether another connection under the same serial number is there, and alive.

        One that is not makes place.
        """
        serial = visit.claim.serial
        while (other := self._served.get(serial)) is not None and other is not visit:
            if self._rivals.met(serial):
                details = "Two connections under this serial number met again and again."
                self._strangers.alarm(device, DeviceError(Code.SERIAL_CLONED, details))
                self._dismiss(other, CloseCode.POLICY_VIOLATION, CLONED)
                self._forget(other)
            elif await other.is_there():
                return True
            else:
                self._dismiss(other, _REPLACED, "replaced by a newer connection")
                self._forget(other)
        return False

    def _dismiss(self, visit: Visit, code: int, why: str) -> None:
        visit.end(why)
        self._group.create_task(visit.close(code, why))

    def _forget(self, visit: Visit) -> None:
        if visit.serial is not None and self._served.get(visit.serial) is visit:
            del self._served[visit.serial]

    # ── who is there ─────────────────────────────────────────────────────────

    async def _keep_watch(self) -> None:
        swept = self._clock.monotonic()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for visit in tuple(self._served.values()):
                await self._look_after(visit)
            if self._clock.monotonic() - swept > _SWEEP_SECONDS:
                swept = self._clock.monotonic()
                self._strangers.sweep()
                self._rivals.sweep()

    async def _look_after(self, visit: Visit) -> None:
        need = visit.pulse.need
        if need is Need.PING:
            await visit.pulse.ping()
        elif need is Need.TIME:
            self._group.create_task(visit.ask_time())
        elif need is Need.BURIAL:
            visit.bury("The terminal fell silent.")


def _room() -> int:
    """Return how many connections there may be; each is a file, and this process has others."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return (
        _CONNECTIONS if most == resource.RLIM_INFINITY else min(_CONNECTIONS, most - _OTHER_FILES)
    )
