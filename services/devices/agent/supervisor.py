"""Holds a site's devices: keeps a connection for each, and their batches on their way."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Final, NamedTuple

import nats.errors

from services.devices.agent.connection import Connection
from services.devices.agent.effects import Receipted
from services.devices.agent.links.reception.listening import Sighting
from services.devices.agent.operations import Operations
from services.devices.agent.outgoing import Surroundings, publish_batch, say_alarms
from services.devices.agent.presence import Telling
from services.devices.drivers.base import DeviceError
from shared.contracts import subjects
from shared.contracts.agents import Roster, RosterDevice, Sighted
from shared.contracts.attendance import Receipt
from shared.contracts.readings import Presence, PunchBatch
from shared.contracts.streams import PUNCH
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger
from shared.kit.stream_extent import extent

log = get_logger(__name__)

_ROSTER_SECONDS: Final = 30.0
_ROSTER_RETRY_SECONDS: Final = 1.0
_PRESENCE_RETRY_SECONDS: Final = 0.5
_SILENCE_CHECK_SECONDS: Final = 1.0
_RESTART_SECONDS: Final = 1.0
_NOT_OF_THE_WIRE: Final = ("epoch", "hardware", "path_digests")
"""What may change of a device that is connected: the last two count when it dials in again."""


class _Holding(NamedTuple):
    connection: Connection
    tasks: tuple[asyncio.Task[None], ...]


class Supervisor:
    """Every device of one site, held by one agent."""

    def __init__(
        self,
        agent: str,
        around: Surroundings,
        expect: Callable[[Iterable[RosterDevice]], None],
    ) -> None:
        """``expect`` takes the devices of the site whenever the registry tells of them."""
        self._agent = agent
        self._around = around
        self._expect = expect
        self._holdings: dict[int, _Holding] = {}
        self._owner: str | None = None
        self._ask_again = asyncio.Event()
        self._telling = Telling(around.clock)

    def connection(self, device_id: int) -> Connection | None:
        """Return the connection of a device this agent holds."""
        holding = self._holdings.get(device_id)
        return holding.connection if holding else None

    def roster_changed(self) -> None:
        """Ask the registry again, now."""
        self._ask_again.set()

    def trouble(self, device: RosterDevice, error: DeviceError) -> None:
        """Take why a device that dialled in is not served."""
        connection = self.connection(device.device_id)
        if connection is not None:
            connection.trouble(error)

    async def sighted(self, sighting: Sighting) -> None:
        """Tell the registry of a terminal that dialled in and is not served."""
        sighted = Sighted(agent=self._agent, dialect="timmy", **sighting._asdict())
        try:
            await self._around.registry.sighted(sighted)
        except MusterError as error:
            # It dials in again and again, as long as it is not served.
            log.warning("terminal not told of now", serial=sighting.serial, error=str(error))

    async def receipted(self, receipt: Receipt) -> None:
        """Pass attendance's word on to the session it belongs to."""
        heard = Receipted(receipt.batch_id, receipt.recorded, receipt.known)
        connection = self.connection(receipt.device_id)
        if connection is None:
            self._around.journal.forget(receipt.batch_id)
        else:
            await connection.receipted(heard)

    async def run(self) -> None:
        """Hold what the roster says, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_roster(group))
            group.create_task(self._tell_presence())
            group.create_task(self._break_silence())
            group.create_task(say_alarms(self._around))
            group.create_task(self._around.registry.keep_handing_over())

    async def _follow_roster(self, group: asyncio.TaskGroup) -> None:
        while True:
            self._ask_again.clear()
            wait = _ROSTER_SECONDS
            try:
                await self._apply(group, await self._around.registry.roster(self._agent))
            except MusterError as error:
                # What is held stays held: a registry that is away is no reason to let go.
                log.warning("no roster now", error=str(error))
                wait = _ROSTER_RETRY_SECONDS
            await _within(wait, self._ask_again)

    async def _apply(self, group: asyncio.TaskGroup, roster: Roster) -> None:
        self._owner = roster.owner
        wanted = {device.device_id: device for device in roster.devices}
        for device_id, (connection, tasks) in list(self._holdings.items()):
            device = wanted.get(device_id)
            if device is not None and self._same_wire(device, connection.device):
                await connection.told(device)
            else:
                for task in tasks:
                    task.cancel()
                connection.close()
                del self._holdings[device_id]
        for device_id, device in wanted.items():
            if device_id not in self._holdings:
                self._holdings[device_id] = self._hold(group, device)
                self._telling.changed(device_id)
        self._expect(roster.devices)

    def _dials_in(self, device: RosterDevice) -> bool:
        return self._around.drivers[device.dialect].hands_over

    def _same_wire(self, new: RosterDevice, held: RosterDevice) -> bool:
        """Tell whether a connection may stay: what changed of the device is not of the wire."""
        # One that dials in is known by its serial; of any other this one is for want of its own.
        apart = _NOT_OF_THE_WIRE if self._dials_in(new) else (*_NOT_OF_THE_WIRE, "serial")
        return new.model_copy(update={name: getattr(held, name) for name in apart}) == held

    def _hold(self, group: asyncio.TaskGroup, device: RosterDevice) -> _Holding:
        changed = partial(self._telling.changed, device.device_id)
        connection = Connection(device, self._around, changed)
        operations = Operations(connection, self._around)
        tasks = (
            group.create_task(self._forever(connection.run, device.device_id)),
            group.create_task(self._forever(operations.run, device.device_id)),
        )
        return _Holding(connection, tasks)

    async def _forever(self, run: Callable[[], Awaitable[None]], device_id: int) -> None:
        """Keep a defect in one device's code from the other devices."""
        while True:
            try:
                await run()
            except Exception:
                # Whatever it is: raised, it would end the task group and with it every device.
                log.exception("defect; starting again", device_id=device_id)
            await asyncio.sleep(_RESTART_SECONDS)

    async def _tell_presence(self) -> None:
        while True:
            await self._telling.wait()
            if self._owner is None or not self._around.bus.connected:
                await asyncio.sleep(_PRESENCE_RETRY_SECONDS)
                continue
            for part in self._telling.parts(self._holdings.keys()):
                await self._say_presence(self._owner, part)

    async def _say_presence(self, owner: str, devices: Iterable[int]) -> None:
        presence = Presence(
            agent=self._agent,
            owner=owner,
            site=self._around.site,
            at=self._around.clock.now(),
            devices=tuple(
                self._holdings[each].connection.presence
                for each in devices
                if each in self._holdings
            ),
        )
        try:
            await self._around.bus.say(subjects.presence(self._around.site, self._agent), presence)
        except nats.errors.Error as error:
            # Every device has its turn again within seconds.
            log.warning("presence not told now", error=repr(error))

    async def _break_silence(self) -> None:
        """Publish again what attendance should have receipted by now."""
        while True:
            await asyncio.sleep(_SILENCE_CHECK_SECONDS)
            overdue = await self._lost()
            if overdue:
                log.warning("no receipts; publishing again", batches=len(overdue))
            for batch in overdue:
                if batch.batch_id in self._around.journal:
                    await publish_batch(self._around, batch)

    async def _lost(self) -> list[PunchBatch]:
        """Return the batches that have no receipt and are not in the stream either."""
        journal, now = self._around.journal, self._around.clock.monotonic()
        overdue = journal.silent(now)
        if not overdue:
            return []
        first, last = await extent(self._around.bus, PUNCH)
        return [each for each in overdue if not journal.waits(each.batch_id, first, last, now)]


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Wait for an event, but no longer than so many seconds."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
