"""The pump of one device: opens the link, feeds the session, does what the session wants."""

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import nats.errors

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
from services.devices.agent.journal import Journal
from services.devices.agent.links.base import Greeting, Link, LinkError
from services.devices.agent.session import Session
from services.devices.drivers.base import DecodeError, Driver
from shared.contracts import subjects
from shared.contracts.devices import (
    DevicePresence,
    PeopleRead,
    Person,
    PunchBatch,
    RosterDevice,
)
from shared.contracts.errors import Code, Problem
from shared.contracts.streams import PEOPLE, PUNCH
from shared.kit import telemetry
from shared.kit.bus import Bus
from shared.kit.clock import Clock, new_id
from shared.kit.denials import PublishDeniedError
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

log = get_logger(__name__)

_ALIVE_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = (0.5, 5.0)
_PEOPLE_AT_ONCE: Final = 500
_WRITE_SECONDS: Final = 1.0
"""What an unlock needs at least of its permit's time when it has to wait for its turn."""

LinkFactory = Callable[[RosterDevice, Clock], Link]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every connection of an agent shares."""

    site: str
    bus: Bus
    journal: Journal
    clock: Clock
    open_link: LinkFactory
    drivers: dict[str, Driver]


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
            try:
                await self._live()
            except* LinkError as group:
                error = next(iter(_leaves(group)))
                self._down(error)
            pause = low if self._greeting else min(high, pause * 2)
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
            drift = None
            if said is not None:
                shown = datetime.fromisoformat(said).replace(tzinfo=zone)
                drift = (shown - self._around.clock.now()) // timedelta(milliseconds=1)
            await self.hear(ClockRead(drift))
            await asyncio.sleep(_ALIVE_SECONDS)

    async def _reconcile(self) -> None:
        while True:
            await self._reread.wait()
            self._reread.clear()
            try:
                await self._read_people()
                await self._read_log(None)
            except DecodeError as error:
                log.exception("log not understood", device_id=self.device.device_id)
                self.problem = MusterError(Code.PULL_INCOMPLETE, str(error)).problem
                self._changed.set()

    # ── what others ask of the device ────────────────────────────────────────

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[Link]:
        """Hold the device for one request; raise LinkError when it is not connected."""
        async with self._turn:
            if self._link is None:
                problem = self.problem
                raise LinkError(
                    problem.code if problem else Code.DEVICE_UNREACHABLE,
                    problem.details if problem else "The device is not connected yet.",
                )
            yield self._link

    async def connected(self, seconds: float) -> bool:
        """Wait until the device is connected; return whether it is."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._up.wait()
        return self._up.is_set()

    async def unlock(self, seconds: int, deadline: float) -> None:
        """Unlock the door before ``deadline`` on CLOCK_BOOTTIME, or raise LinkError."""
        room = deadline - self._around.clock.boottime() - _WRITE_SECONDS
        try:
            async with asyncio.timeout(max(0.0, room)):
                await self._turn.acquire()
        except TimeoutError as error:
            raise LinkError(Code.DEVICE_BUSY, "Another operation holds the device.") from error
        self._turn.release()
        async with self.turn() as link:
            await link.unlock(seconds, deadline)

    async def read_log(self, operation_id: UUID) -> AsyncGenerator[Report]:
        """Read the whole log; yield how far it is, at last that all of it has its receipt."""
        reports = self._watchers[operation_id] = asyncio.Queue()
        try:
            await self._read_people()
            await self._read_log(operation_id)
            while True:
                report = await reports.get()
                yield report
                if report.done:
                    return
        except DecodeError as error:
            raise LinkError(Code.PULL_INCOMPLETE, str(error)) from error
        finally:
            del self._watchers[operation_id]

    async def _read_log(self, operation_id: UUID | None) -> None:
        with telemetry.span("device log", device_id=self.device.device_id):
            async with self.turn() as link:
                table = await link.log()
            entries = tuple(self._driver.log(table))
            await self.hear(LogRead(entries, self._around.clock.now(), operation_id))

    async def _read_people(self) -> None:
        async with self.turn() as link:
            table = await link.people()
        people = [
            Person(user_id=each.user_id, name=each.name) for each in self._driver.people(table)
        ]
        subject = subjects.people_read(self._around.site, self.device.device_id)
        for start in range(0, len(people), _PEOPLE_AT_ONCE):
            part = PeopleRead(
                owner=self.device.owner,
                site=self._around.site,
                device_id=self.device.device_id,
                read_at=self._around.clock.now(),
                people=tuple(people[start : start + _PEOPLE_AT_ONCE]),
            )
            with _announced("people"):
                await self._around.bus.publish(
                    PEOPLE, subject, part.model_dump_json().encode(), message_id=str(new_id())
                )

    # ── session and journal ──────────────────────────────────────────────────

    async def hear(self, heard: Heard) -> None:
        """Tell the session; do what it wants."""
        self._session, wanted = self._session.hear(heard)
        publishing = []
        for want in wanted:
            match want:
                case Keep(batch):
                    self._around.journal.keep(batch, self._around.clock.monotonic())
                    publishing.append(publish(self._around, batch))
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


async def publish(around: Surroundings, batch: PunchBatch) -> None:
    """Publish a batch; when that fails it stays in the journal and is published again."""
    attempt = around.journal.attempt(batch.batch_id, around.clock.monotonic())
    with _announced("batch"):
        await around.bus.publish(
            PUNCH,
            subjects.punch_read(batch.site, batch.device_id),
            batch.model_dump_json().encode(),
            # A new id for each attempt: the stream must not take a needed repetition for a double.
            message_id=f"{batch.batch_id}.{attempt}",
        )


@contextlib.contextmanager
def _announced(what: str) -> Iterator[None]:
    try:
        yield
    except (nats.errors.Error, PublishDeniedError, TimeoutError) as error:
        log.warning("not published now", what=what, error=repr(error)[:200])


def _leaves(group: BaseExceptionGroup[LinkError]) -> list[LinkError]:
    leaves: list[LinkError] = []
    for each in group.exceptions:
        leaves.extend(_leaves(each) if isinstance(each, BaseExceptionGroup) else [each])
    return leaves
