"""Reads the log of one device whenever that is due, all or nothing."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from services.devices.agent.line import Line, OfflineError
from services.devices.agent.links.base import Tell
from services.devices.agent.outgoing import Surroundings, keep_unknown, raise_alarm
from services.devices.agent.people import People
from services.devices.agent.pump import Pump
from services.devices.agent.quarantine import Kept
from services.devices.agent.staging import Stage, StagedLog
from services.devices.drivers.base import DecodeError, DeviceError, Table
from shared.contracts.actions import Said
from shared.contracts.agents import RosterDevice
from shared.contracts.errors import Code, Problem
from shared.contracts.operations import Progress
from shared.kit import telemetry
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

log = get_logger(__name__)

_AGAIN_SECONDS: Final = 60.0


class LogSafe(NamedTuple):
    """A log all of which has its receipt."""

    table: Table
    progress: Progress
    said: Said


class StalledError(Exception):
    """No receipt came for a long time; ``progress`` is how far the log had come."""

    def __init__(self, progress: Progress) -> None:
        super().__init__(f"{progress.receipted} of {progress.read} records have their receipt")
        self.progress = progress


class _Read(NamedTuple):
    staged: StagedLog
    table: Table
    at: datetime
    said: Said


class LogReader:
    """The log of one device."""

    def __init__(
        self,
        device: RosterDevice,
        around: Surroundings,
        line: Line,
        pump: Pump,
        changed: Callable[[], None],
    ) -> None:
        self._device = device
        self._around = around
        self._driver = around.drivers[device.dialect]
        self._line = line
        self._pump = pump
        self._changed = changed
        self._layout: str | None = None
        self._alarmed: tuple[Code, str] | None = None
        self.people = People(device, around, line)
        self.problem: Problem | None = None
        """Why the log could not be followed."""

    async def follow(self) -> None:
        """Read the log of a device that was just connected, and again whenever it is due."""
        self.problem = None
        self._pump.reread.set()
        while True:
            await self._pump.reread.wait()
            self._pump.reread.clear()
            if self._is_unknown():
                continue  # it would be the same again, until somebody has looked at it
            try:
                read = await self._read()
            except OfflineError:
                raise
            except DeviceError as error:
                if error.code is not Code.UNKNOWN_FORM:
                    await asyncio.sleep(_AGAIN_SECONDS)
                    self._pump.reread.set()
            else:
                await self._pump.begin(read.staged, None, read.at)

    async def log(self, operation_id: UUID, tell: Tell, patience: float) -> LogSafe:
        """Read the log for an operation; return when all of it has its receipt.

        Raises DeviceError, and StalledError when no receipt came for ``patience`` seconds.
        """
        read = await self._read()
        with self._pump.following(read.staged.reading_id) as reports:
            await self._pump.begin(read.staged, operation_id, read.at)
            report = await reports.get()
            while not report.done:
                await tell(report.progress)
                try:
                    async with asyncio.timeout(patience):
                        report = await reports.get()
                except TimeoutError as error:
                    raise StalledError(report.progress) from error
        await tell(report.progress)
        return LogSafe(read.table, report.progress, read.said)

    def _is_unknown(self) -> bool:
        return self.problem is not None and self.problem.code is Code.UNKNOWN_FORM

    async def _read(self) -> _Read:
        """Read people and log, and tell how that went."""
        try:
            with telemetry.span("device log", device_id=self._device.device_id):
                read = await self._staged(await self._names())
        except OfflineError:
            raise
        except DeviceError as error:
            log.warning("log not read", device_id=self._device.device_id, error=str(error))
            if not self._driver.hands_over:  # else nobody but who asked is the worse for it
                self.problem = MusterError(error.code, error.details).problem
                self._changed()
            raise
        self.problem = None
        self._alarmed = None
        self._changed()
        return read

    async def _names(self) -> DeviceError | None:
        """Read the people; return why that was not possible, for most logs do without."""
        if self._driver.hands_over:
            return None  # its records never name a slot only
        try:
            self.people.announce(await self.people.read())
        except OfflineError:
            raise
        except DeviceError as error:
            log.warning("people not read", device_id=self._device.device_id, error=str(error))
            return error
        return None

    async def _staged(self, nameless: DeviceError | None) -> _Read:
        """Read the log onto the disk and look through it."""
        with ExitStack() as undo:
            stage = self._around.staging.stage()
            undo.callback(stage.remove)
            try:
                async with self._line.turn() as link:
                    table = await link.log(stage.keep)
                    said = link.said
                at = self._around.clock.now()
                stage.seal(table)
                staged = await asyncio.to_thread(self._understood, stage, table)
            except DecodeError as error:
                unknown, kept = await keep_unknown(self._around, "The log", error, stage)
                self._alarm(unknown, kept)
                raise unknown from error
            except DeviceError as error:
                if error.code is Code.PULL_INCOMPLETE:
                    self._alarm(error)
                raise
            if nameless is not None and staged.survey.nameless:
                raise nameless
            undo.pop_all()
            return _Read(staged, table, at, said)

    def _understood(self, stage: Stage, table: Table) -> StagedLog:
        """Find the form of a log's records and number them; raise DecodeError when in doubt."""
        if not table.size:
            return StagedLog(stage, 0, lambda: iter(()))
        layout = self._driver.layout(stage, table, self._wall_clock(), self._device.log_layout)
        if self._layout not in {None, layout}:
            msg = f"its records were of form {self._layout} before and seem to be {layout} now"
            raise DecodeError(msg)
        slots = self.people.slots
        staged = StagedLog(stage, table.size, lambda: self._driver.log(stage, layout, slots))
        self._layout = layout
        return staged

    def _wall_clock(self) -> datetime:
        now = self._around.clock.now().astimezone(ZoneInfo(self._device.zone))
        return now.replace(tzinfo=None) + timedelta(milliseconds=self._pump.drift_ms or 0)

    def _alarm(self, error: DeviceError, kept: Kept | None = None) -> None:
        """Raise an alarm, once until a reading goes well: the same trouble is no news."""
        trouble = error.code, kept.digest if kept else ""
        if trouble != self._alarmed:
            self._alarmed = trouble
            raise_alarm(self._around, self._device, error, kept)
