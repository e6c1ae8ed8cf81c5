"""The pump of one device: opens the link, feeds the session, does what the session wants."""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.devices.agent.effects import (
    ClockRead,
    Connected,
    Forget,
    Happened,
    Heard,
    Keep,
    LogRead,
    Receipted,
    Report,
    Reread,
)
from services.devices.agent.links.base import Greeting, Link, LinkError
from services.devices.agent.outgoing import Surroundings, publish_batch, publish_people
from services.devices.agent.session import Session, drift_ms
from services.devices.drivers.base import DecodeError
from shared.contracts.devices import (
    DevicePresence,
    RosterDevice,
)
from shared.contracts.errors import Code, Problem
from shared.kit import telemetry
from shared.kit.clock import new_id
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

log = get_logger(__name__)

_ALIVE_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = (0.5, 5.0)
_WRITE_SECONDS: Final = 1.0
"""What an unlock needs at least of its permit's time when it has to wait for its turn."""
_STEADY_SECONDS: Final = 10.0
"""A connection that lasted so long was a good one: the next is tried at once."""
_AGAIN_SECONDS: Final = 60.0
_STALL_SECONDS: Final = 120.0
_HARMLESS: Final = {Code.UNLOCK_EXPIRED, Code.DEVICE_ERROR}
"""The device answered, or was not asked: the link is as good as before."""


class Connection:
    """One device, for as long as the agent holds it."""

    def __init__(self, device: RosterDevice, around: Surroundings, changed: asyncio.Event) -> None:
        self.device = device
        self._around = around
        self._driver = around.drivers[device.dialect]
        self._session = Session(
            device=device,
            site=around.site,
            journal_id=around.journal.journal_id,
            nonce=new_id(),
            serial=device.serial,
        )
        self._turn = asyncio.Lock()
        self._reread = asyncio.Event()
        self._up = asyncio.Event()
        self._link: Link | None = None
        self._greeting: Greeting | None = None
        self._watchers: dict[UUID, asyncio.Queue[Report]] = {}
        self._changed = changed
        self.problem: Problem | None = None

    @property
    def presence(self) -> DevicePresence:
        """Whether the device is connected, and if not, why."""
        return DevicePresence(
            device_id=self.device.device_id,
            connected=self._up.is_set(),
            serial=self._greeting.serial if self._greeting else None,
            firmware=self._greeting.firmware if self._greeting else None,
            problem=self.problem,
        )

    async def run(self) -> None:
        """Stay connected for ever."""
        low, high = _RETRY_SECONDS
        pause = low
        while True:
            began = self._around.clock.monotonic()
            try:
                await self._live()
            except* LinkError as group:
                self._down(_leaves(group)[0])
            steady = self._around.clock.monotonic() - began > _STEADY_SECONDS
            pause = low if steady else min(high, pause * 2)
            self._greeting = None
            # Jitter: a switch that comes back brings all its devices at once.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret

    def _down(self, error: LinkError) -> None:
        if self.problem is None or self.problem.code != error.code or self._up.is_set():
            log.warning(
                "device not connected",
                device_id=self.device.device_id,
                code=error.code,
                details=error.details,
            )
        self._up.clear()
        self.problem = MusterError(error.code, error.details).problem
        self._changed.set()

    async def _live(self) -> None:
        link = self._around.open_link(self.device, self._around.clock)
        try:
            self._greeting = await link.open()
            await self.hear(Connected(self._greeting.serial))
            # Listening comes before the reading of the log, so that no punch falls between.
            await link.listen()
            self._link, self.problem = link, None
            self._up.set()
            self._reread.set()
            self._changed.set()
            log.info("device connected", device_id=self.device.device_id)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(link))
                group.create_task(self._keep_alive())
                group.create_task(self._reconcile())
        finally:
            self._link = None
            self._up.clear()
            await link.close()

    async def _listen(self, link: Link) -> None:
        while True:
            body = await link.event()
            with telemetry.span("device punch", device_id=self.device.device_id):
                try:
                    entry = self._driver.live(body)
                except DecodeError as error:
                    # The log has the record in a form that is known; the bytes stay in the log.
                    log.exception("live event not understood", body=body.hex(), why=str(error))
                    self._reread.set()
                else:
                    await self.hear(Happened(entry, self._around.clock.now()))

    async def _keep_alive(self) -> None:
        zone = ZoneInfo(self.device.zone)
        while True:
            async with self.turn() as link:
                said = await link.clock()
            now = self._around.clock.now()
            await self.hear(ClockRead(drift_ms(said, zone, now) if said else None))
            await asyncio.sleep(_ALIVE_SECONDS)

    async def _reconcile(self) -> None:
        while True:
            await self._reread.wait()
            self._reread.clear()
            try:
                await self._read_log(None)
                await self._read_people()
                self.problem = None
            except DecodeError as error:
                log.exception("table not understood", device_id=self.device.device_id)
                self.problem = MusterError(Code.PULL_INCOMPLETE, str(error)).problem
                self._changed.set()
                await asyncio.sleep(_AGAIN_SECONDS)
                self._reread.set()

    # ── what others ask of the device ────────────────────────────────────────

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[Link]:
        """Hold the device for one request; raise LinkError when it is not connected."""
        async with self._turn:
            link = self._linked()
            try:
                yield link
            except LinkError as error:
                if error.code not in _HARMLESS:
                    # A late answer would be taken for the next one's.
                    await link.close()
                raise

    def _linked(self) -> Link:
        if self._link is not None:
            return self._link
        if self.problem is not None:
            raise LinkError(self.problem.code, self.problem.details)
        raise LinkError(Code.DEVICE_UNREACHABLE, "The device is not connected yet.")

    async def connected(self, seconds: float) -> bool:
        """Wait until the device is connected; return whether it is."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._up.wait()
        return self._up.is_set()

    async def unlock(self, seconds: int, deadline: float) -> None:
        """Unlock the door before ``deadline`` on CLOCK_BOOTTIME, or raise LinkError."""
        room = deadline - self._around.clock.boottime() - _WRITE_SECONDS
        waiting = asyncio.timeout(max(0.0, room))
        try:
            async with waiting, self.turn() as link:
                waiting.reschedule(None)  # it is our turn: from here on the deadline itself counts
                await link.unlock(seconds, deadline)
        except TimeoutError as error:
            raise LinkError(Code.DEVICE_BUSY, "Another operation holds the device.") from error

    async def read_log(self, operation_id: UUID) -> AsyncGenerator[Report]:
        """Read the whole log; yield how far it is, at last that all of it has its receipt."""
        reports = self._watchers[operation_id] = asyncio.Queue()
        try:
            await self._read_log(operation_id)
            await self._read_people()
            while True:
                async with asyncio.timeout(_STALL_SECONDS):
                    report = await reports.get()
                yield report
                if report.done:
                    return
        except DecodeError as error:
            raise LinkError(Code.PULL_INCOMPLETE, str(error)) from error
        except TimeoutError as error:
            details = "The log was read, but attendance did not confirm it in time; it still will."
            raise LinkError(Code.TIMEOUT, details) from error
        finally:
            del self._watchers[operation_id]

    async def _read_log(self, operation_id: UUID | None) -> None:
        with telemetry.span("device log", device_id=self.device.device_id):
            async with self.turn() as link:
                table = await link.log()
            entries = tuple(self._driver.log(table))
            await self.hear(LogRead(entries, self._around.clock.now(), operation_id))

    async def _read_people(self) -> None:
        try:
            async with self.turn() as link:
                table = await link.people()
        except LinkError as error:
            if error.code is not Code.DEVICE_ERROR:
                raise
            # Names are a courtesy; punches do not wait for them.
            log.warning("no names from this device", device_id=self.device.device_id)
            return
        people = self._driver.people(table)
        await publish_people(self._around, self.device, people)

    # ── session and journal ──────────────────────────────────────────────────

    async def hear(self, heard: Heard) -> None:
        """Tell the session; do what it wants."""
        self._session, wanted = self._session.hear(heard)
        publishing = []
        for want in wanted:
            match want:
                case Keep(batch):
                    self._around.journal.keep(batch, self._around.clock.monotonic())
                    publishing.append(publish_batch(self._around, batch))
                case Forget(batch_id):
                    self._around.journal.forget(batch_id)
                case Reread():
                    self._reread.set()
                case Report(operation_id):
                    if operation_id in self._watchers:
                        self._watchers[operation_id].put_nowait(want)
        await asyncio.gather(*publishing)

    async def receipted(self, receipt: Receipted) -> None:
        """Take attendance's word that a batch is committed."""
        await self.hear(receipt)


def _leaves(group: BaseExceptionGroup[LinkError]) -> list[LinkError]:
    leaves: list[LinkError] = []
    for each in group.exceptions:
        leaves.extend(_leaves(each) if isinstance(each, BaseExceptionGroup) else [each])
    return leaves
