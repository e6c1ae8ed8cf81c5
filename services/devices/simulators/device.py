"""What a ZKTeco terminal holds: people, fingers, a log, a door, its own audit log. No network."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from typing_extensions import override

from services.devices.simulators import fingers, history, people
from services.devices.simulators.access import Access
from services.devices.simulators.enrolment import SCRIPTS, Ended, Enrolment, Laid, Result, Scored
from services.devices.simulators.fingers import Fingers, Template
from services.devices.simulators.machine import Machine, NobodyEnrolsError
from services.devices.simulators.people import People, User
from services.devices.simulators.truth import Punch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from services.devices.simulators.enrolment import Laying
    from services.devices.simulators.spec import DeviceSpec

# Operation codes of the terminal's own audit log (vendor manual of 2006).
POWER_ON, POWER_OFF, OPTION, ENROL_FINGER, DELETE_USER, DELETE_FINGER = 0, 1, 5, 6, 9, 10
CLEAR_DATA, SET_TIME, CLEAR_ATTENDANCE, CLEAR_ADMINS, UNLOCK, PUT_USER = 13, 21, 23, 24, 29, 30

Happening = Punch | Laid | Scored | Ended


class Unlock(NamedTuple):
    """The door relay was switched: when, and the delay exactly as the client sent it."""

    at: datetime
    delay: int


class Operation(NamedTuple):
    """One line of the terminal's own audit log, in its wall-clock time."""

    op: int
    time: datetime


class Device(Machine):
    """One terminal; `watchers` are told of everything that happens at it."""

    def __init__(
        self, spec: DeviceSpec, directory: Path, now: Callable[[], datetime], seed: int
    ) -> None:
        """Take over the terminal's log of an earlier run, else invent one from `seed`."""
        super().__init__(spec, now, seed)
        self.watchers: list[Callable[[Happening], None]] = []
        self.unlocks: list[Unlock] = []
        self.operations: list[Operation] = []
        self.lines: dict[int, str] = {}
        """What clients wrote on the display, by line."""
        self.access = Access()
        self.enrolment: Enrolment | None = None
        self.people = People(people.invent(spec.users, self._rng))
        self.truth = self._remember(directory, spec.records)
        slots = [user.uid for user in self.users]
        self.fingers = Fingers(fingers.invent(spec.templates, slots, self._rng))
        self.boot()

    @property
    def users(self) -> list[User]:
        """Return everybody whom the terminal knows, by slot."""
        return self.people.all()

    def boot(self) -> None:
        """Start up: whatever a client had switched off is on again."""
        self.powered = True
        self.enrolment = None
        self.enable()
        self.note(POWER_ON)

    def power_off(self) -> None:
        """Switch off, until `boot`."""
        self.note(POWER_OFF)
        self.powered = False

    @override
    def set_clock(self, wall: datetime) -> None:
        super().set_clock(wall)
        self.note(SET_TIME)

    @override
    def punch(self, person: str, state: int, verify: int = history.FINGER) -> Punch:
        punch = super().punch(person, state, verify)
        self._tell(punch)
        return punch

    @override
    def clear_log(self) -> None:
        super().clear_log()
        self.note(CLEAR_ATTENDANCE)

    def unlock(self, delay: int) -> None:
        """Switch the door relay."""
        self.unlocks.append(Unlock(self._now(), delay))
        self.note(UNLOCK)

    @override
    def pins(self) -> list[str]:
        return [user.user_id for user in self.users] or ["1"]

    def enrol(self, user: User, finger: int) -> None:
        """Ask for a finger; `step` lets happen what the spec says, or `lay`."""
        self.enrolment = Enrolment(user, finger)
        for laying in SCRIPTS[self.spec.enrols]:
            self.enrolment.lay(laying)

    def lay(self, layings: Iterable[Laying]) -> None:
        """Lay fingers on the sensor; NobodyEnrolsError when no client asked for one."""
        if self.enrolment is None:
            sentence = f"{self.spec.serial} enrols nobody: send STARTENROLL first"
            raise NobodyEnrolsError(sentence)
        for laying in layings:
            self.enrolment.lay(laying)

    def step(self) -> bool:
        """Let the next thing of an enrolment happen; return whether there was one to come."""
        happening = self.enrolment.next() if self.enrolment is not None else None
        if happening is None:
            return False
        self._tell(self._end(happening) if isinstance(happening, Result) else happening)
        return True

    def note(self, op: int) -> None:
        """Write a line into the terminal's own audit log."""
        self.operations.append(Operation(op, self.wall_clock.shown()))

    def _end(self, result: Result) -> Ended:
        assert self.enrolment is not None  # noqa: S101 - only `step` asks
        user, finger = self.enrolment.user, self.enrolment.finger
        self.enrolment = None
        template: Template | None = None
        if result is Result.OK:
            template = fingers.scan(user.uid, finger, self._rng)
            self.fingers.put(template)
            self.note(ENROL_FINGER)
        return Ended(result, user.user_id, len(template.content) if template else 0, finger)

    def _tell(self, happening: Happening) -> None:
        for watcher in self.watchers:
            watcher(happening)
