"""A Timmy terminal on the network: its line, its sensor, and the fault it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.devices.simulators import sensor
from services.devices.simulators.faults import TIMMY, Fault
from services.devices.simulators.machine import demand_known
from services.devices.simulators.timmy.dialing import Dialing
from services.devices.simulators.timmy.firmware import Firmware
from services.devices.simulators.timmy.timer import Timer

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

    from services.devices.simulators.enrolment import Laying
    from services.devices.simulators.timmy.device import TimmyDevice
    from services.devices.simulators.timmy.enrolling import Asked
    from services.devices.simulators.timmy.line import Line
    from services.devices.simulators.timmy.told import Told
    from services.devices.simulators.truth import Punch

MOMENT: Final = 0.2
"""How many seconds a terminal takes to restart; real ones take many more."""
_ONCE: Final = frozenset({Fault.DROP, Fault.HALF_OPEN})
_BREAKING: Final = frozenset(
    {Fault.UNREACHABLE, Fault.DROP, Fault.FOREIGN, Fault.OTHER_HARDWARE, Fault.STORM}
)
_BREAKING_WHEN_HEALED: Final = frozenset({Fault.FOREIGN, Fault.OTHER_HARDWARE})


class TimmyTerminal:
    """One device and its line; what people do at it is handed over at once, if anybody listens."""

    def __init__(self, device: TimmyDevice) -> None:
        self.device = device
        self.firmware = Firmware(device, restart=self.restart, enrol=self._watch)
        self.dialing = Dialing(self.firmware)
        self._clone = Dialing(self.firmware, is_clone=True)
        self._half_open: list[Line] = []
        self._sensor = Timer()
        self._restarting = Timer()

    @property
    def connected(self) -> asyncio.Event:
        """Return what is set while a server has accepted the terminal."""
        return self.firmware.connected

    @property
    def told(self) -> Told:
        """Return what the terminal understood of its server."""
        return self.firmware.told

    def start(self) -> None:
        """Dial from now on."""
        self.dialing.start()

    def stop(self) -> None:
        """Leave the network without a farewell, until `start`."""
        self._sensor.stop()
        self._restarting.stop()
        self.dialing.stop()
        self._clone.stop()
        for line in self._half_open:
            line.cut()
        self._half_open.clear()

    def punch(self, person: str, state: int) -> Punch:
        """Let a person punch now: the truth first, then sendlog. DisabledError when it cannot."""
        return self._accepted(self.device.identify(person, state))

    def stranger(self) -> Punch:
        """Let somebody whom nobody knows look into the camera; DisabledError as `punch`."""
        return self._accepted(self.device.stranger())

    def door(self, event: int) -> Punch:
        """Let the door report an event: 0 closed, 1 opened, 2 exit button, 5 forced open, ..."""
        return self._accepted(self.device.door(event))

    def record(self, person: str, stamp: str, state: int, verify: int) -> Punch:
        """Add a record with any wall-clock time (truth.STAMP)."""
        return self._accepted(self.device.record(person, stamp, state, verify))

    def backlog(self, count: int) -> None:
        """Add records that gathered while nobody listened; they go in batches."""
        self.device.backlog(count)
        if self.dialing.session is not None:
            self.dialing.session.handover.batch()

    def enrol(self, asked: Asked) -> None:
        """Let somebody enrol at the keypad, without a server that asked for it."""
        self.device.capture(asked)
        self._hand_over()

    def lay(self, layings: Iterable[Laying]) -> None:
        """Lay fingers on the sensor, or look into the camera; NobodyEnrolsError."""
        self.device.lay(layings)
        self._watch()

    def register(self) -> None:
        """Say reg once more on the line that is open."""
        if self.dialing.session is not None:
            self.dialing.session.register()

    def restart(self) -> None:
        """Drop the line in a moment, and dial anew."""
        self.device.boot()
        self._restarting.start(MOMENT, self.dialing.cut)

    async def set_fault(self, fault: Fault, number: int = 0) -> None:
        """Replace the fault in force; `number` is what it is about: seconds, bytes or a reason.

        InputError for a fault of another dialect.
        """
        demand_known(fault, TIMMY)
        healed = self.firmware.fault
        self.firmware.fault = Fault.NONE if fault in _ONCE else fault
        self.firmware.number = number
        line = self.dialing.line
        if fault in _BREAKING or healed in _BREAKING_WHEN_HEALED:
            self.dialing.cut()
        elif line is not None and fault in {Fault.HANG, Fault.HALF_OPEN}:
            line.fall_silent()
        elif line is not None:
            self._wake(line)
        if fault is Fault.HALF_OPEN:
            self._abandon()
        if fault is Fault.CLONE:
            self._clone.start()
        else:
            self._clone.stop()

    def _abandon(self) -> None:
        """Forget the line, which stays open."""
        session = self.dialing.session
        if session is not None and session.line is not None:
            self._half_open.append(session.line)
            session.leave()

    def _wake(self, line: Line) -> None:
        if line.wake() and not self.connected.is_set():
            self.register()

    def _accepted(self, punch: Punch) -> Punch:
        self._hand_over()
        return punch

    def _hand_over(self) -> None:
        if self.dialing.session is not None:
            self.dialing.session.handover.wake()

    def _watch(self) -> None:
        self._sensor.start(sensor.FIRST, self._step)

    def _step(self) -> None:
        self.device.step()
        self._hand_over()
        if self.device.enrolling is not None and not self.device.enrolling.over:
            self._watch()
