"""One device, for as long as the agent holds it: keeps a link to it open and listens."""

import asyncio
import random
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

from services.devices.agent.effects import ClockRead, Connected, Receipted, Told
from services.devices.agent.hearing import Hearing
from services.devices.agent.line import Line, OfflineError
from services.devices.agent.links.base import Greeting, Link
from services.devices.agent.outgoing import Surroundings, raise_alarm
from services.devices.agent.pump import Pump
from services.devices.agent.reading import LogReader
from services.devices.drivers.base import DeviceError, drift_ms
from shared.contracts.agents import RosterDevice
from shared.contracts.errors import Code
from shared.contracts.readings import DevicePresence
from shared.kit import telemetry
from shared.kit.logging import get_logger

log = get_logger(__name__)

_RETRY_SECONDS: Final = (0.5, 5.0)
_STEADY_SECONDS: Final = 10.0
"""A connection that lasted so long was a good one: the next is tried at once."""


class Connection:
    """One device, for as long as the agent holds it."""

    def __init__(
        self, device: RosterDevice, around: Surroundings, changed: Callable[[], None]
    ) -> None:
        """``changed`` is called whenever ``presence`` may be another."""
        self.device = device
        self._around = around
        self._changed = changed
        self._hands_over = around.drivers[device.dialect].hands_over
        self._pump = Pump(device, around)
        self._greeting: Greeting | None = None
        self._trouble: DeviceError | None = None
        self.line = Line(Code.DEVICE_OFFLINE if self._hands_over else Code.DEVICE_UNREACHABLE)
        self.reader = LogReader(device, around, self.line, self._pump, changed)
        self.hearing = Hearing(device, around, self._pump, self.reader.people, changed)

    @property
    def presence(self) -> DevicePresence:
        """Whether the device is connected, and what is wrong with it."""
        greeting = self._greeting or Greeting(None, None)
        return DevicePresence(
            device_id=self.device.device_id,
            connected=self.line.is_up,
            **greeting._asdict(),
            problem=self.line.problem or self.reader.problem or self.hearing.problem,
        )

    async def run(self) -> None:
        """Stay connected for ever."""
        low, high = _RETRY_SECONDS
        pause = low
        while True:
            began = self._around.clock.monotonic()
            try:
                # In a task of its own: a task group that fails cancels the task it is in, and that
                # must not look like somebody's wish that this one ends.
                await asyncio.ensure_future(self._live())
            except* DeviceError as group:
                self._down(_leaves(group)[0])
            finally:
                self._gone()
            _heed_cancellation()
            # One that dials in is waited for, and makes its pauses itself.
            steady = self._hands_over or self._around.clock.monotonic() - began > _STEADY_SECONDS
            pause = low if steady else min(high, pause * 2)
            # Jitter: a switch that comes back brings all its devices at once.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret

    def _down(self, error: DeviceError) -> None:
        if error.code is Code.DEVICE_OFFLINE and self._trouble is not None:
            error = self._trouble  # it is there, and not served
        before = self.line.problem
        if self.line.is_up or self._greeting is None:
            self.line.fall(error)
        if self._greeting is not None or before is None or before.code != error.code:
            device_id = self.device.device_id
            log.warning("device not connected", device_id=device_id, error=str(error))

    def _gone(self) -> None:
        if self.line.is_up:  # it was no error of the device that ended it
            self.line.fall()
        self._greeting = None
        self._changed()

    async def _live(self) -> None:
        link = self._around.open_link(self.device, self._around.clock)
        try:
            greeting = await link.open()
            await self._pump.hear(Connected(greeting.serial))
            # Listening comes before the reading of the log, so that no punch falls between.
            await link.listen()
            self._greeting = greeting
            self._trouble = None
            self.line.rise(link)
            self._changed()
            log.info("device connected", device_id=self.device.device_id)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listen(link))
                group.create_task(self._keep_alive(link.clock_seconds))
                if not self._hands_over:
                    group.create_task(self.reader.follow())
                    group.create_task(self.reader.people.keep_announced())
        finally:
            await link.close()

    async def _listen(self, link: Link) -> None:
        while True:
            body = await link.event()
            with telemetry.span("device punch", device_id=self.device.device_id):
                kept = await self.hearing.take(body)
            await link.settle(kept=kept)

    async def _keep_alive(self, every: float) -> None:
        """Ask for the clock whenever no operation runs; one that runs notices silence itself."""
        zone = ZoneInfo(self.device.zone)
        if self._hands_over:
            # A site that comes back has better to do than to show all its clocks at once.
            await asyncio.sleep(every * random.random())  # noqa: S311 - no secret
        while True:
            said = await self._clock()
            now = self._around.clock.now()
            await self._pump.hear(ClockRead(drift_ms(said, zone, now) if said else None))
            await asyncio.sleep(every)

    async def _clock(self) -> str | None:
        try:
            async with self.line.turn() as link:
                return await link.clock()
        except OfflineError:
            raise
        except DeviceError as error:
            # It has no clock to show, but it answered: it is there.
            log.info("no clock", device_id=self.device.device_id, error=str(error))
            return None

    def trouble(self, error: DeviceError) -> None:
        """Take why a device that dialled in is not served, or somebody in its name."""
        raise_alarm(self._around, self.device, error)
        if not self.line.is_up:
            self._trouble = error
            self.line.fall(error)
            self._changed()

    async def told(self, device: RosterDevice) -> None:
        """Take the registry's news of the device; the wire to it is the same."""
        self.device = device
        await self._pump.hear(Told(device))

    async def receipted(self, receipt: Receipted) -> None:
        """Take attendance's word that a batch is committed."""
        await self._pump.hear(receipt)

    def close(self) -> None:
        """Let go of what is staged: the device is not this agent's any more."""
        self._pump.close()


def _heed_cancellation() -> None:
    """Raise the cancellation that a task group kept to itself because it failed meanwhile."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _leaves(group: BaseExceptionGroup[DeviceError]) -> list[DeviceError]:
    leaves: list[DeviceError] = []
    for each in group.exceptions:
        leaves.extend(_leaves(each) if isinstance(each, BaseExceptionGroup) else [each])
    return leaves
