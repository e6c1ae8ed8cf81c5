"""What a terminal holds, whatever dialect it speaks: people, fingers, a log, a door. No network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from services.devices.simulators import fingers, history, people
from services.devices.simulators.access import Access
from services.devices.simulators.clock import WallClock
from services.devices.simulators.enrolment import SCRIPTS, Ended, Enrolment, Laid, Result, Scored
from services.devices.simulators.fingers import Fingers, Template
from services.devices.simulators.people import People, User
from services.devices.simulators.truth import Punch, TruthLog, stamped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from services.devices.simulators.enrolment import Laying
    from services.devices.simulators.spec import DeviceSpec

# Operation codes of the terminal's own audit log (vendor manual of 2006).
POWER_ON, POWER_OFF, OPTION, ENROL_FINGER, DELETE_USER, DELETE_FINGER = 0, 1, 5, 6, 9, 10
CLEAR_DATA, SET_TIME, CLEAR_ATTENDANCE, CLEAR_ADMINS, UNLOCK, PUT_USER = 13, 21, 23, 24, 29, 30

Happening = Punch | Laid | Scored | Ended


class DisabledError(Exception):
    """Nobody can punch: a client has disabled the terminal or switched it off."""


class NobodyEnrolsError(Exception):
    """No client has asked for a finger."""


class Unlock(NamedTuple):
    """The door relay was switched: when, and the delay exactly as the client sent it."""

    at: datetime
    delay: int


class Operation(NamedTuple):
    """One line of the terminal's own audit log, in its wall-clock time."""

    op: int
    time: datetime


class Device:
    """One terminal. `now` is the true instant; the terminal's clock may be wrong about it.

    Whatever a client changes survives a restart of the terminal; the log and nothing else survives
    the process. `watchers` are told of everything that happens at the terminal.
    """

    def __init__(
        self, spec: DeviceSpec, directory: Path, now: Callable[[], datetime], seed: int
    ) -> None:
        """Take over the terminal's log of an earlier run, else invent one from `seed`."""
        self.spec = spec
        self.powered = True
        self.watchers: list[Callable[[Happening], None]] = []
        self.unlocks: list[Unlock] = []
        self.operations: list[Operation] = []
        self.lines: dict[int, str] = {}
        """What clients wrote on the display, by line."""
        self.access = Access()
        self.enrolment: Enrolment | None = None
        self.wall_clock = WallClock(spec.zone, spec.drift, now)
        self._now = now
        self._enabled_from: datetime | None = None
        # The same seed and serial give the same people again, whatever the log holds by then.
        self._rng = Random(f"{seed}:{spec.serial}")  # noqa: S311 - invented data, no secret
        self.people = People(people.invent(spec.users, self._rng))
        path = directory / f"{spec.serial}.jsonl"
        self.truth = TruthLog.open(path) if path.exists() else TruthLog.create(path, self._past())
        slots = [user.uid for user in self.users]
        self.fingers = Fingers(fingers.invent(spec.templates, slots, self._rng))
        self.boot()

    @property
    def users(self) -> list[User]:
        """Return everybody whom the terminal knows, by slot."""
        return self.people.all()

    @property
    def enabled(self) -> bool:
        """Tell whether people can punch now."""
        return self._enabled_from is None or self._now() >= self._enabled_from

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

    def enable(self) -> None:
        """Let people punch."""
        self._enabled_from = None

    def disable(self, seconds: int | None) -> None:
        """Let nobody punch for so many seconds, or until `enable`; outlives the connection."""
        forever = datetime.max.replace(tzinfo=UTC)
        end = forever if seconds is None else self._now() + timedelta(seconds=seconds)
        self._enabled_from = end

    def set_clock(self, wall: datetime) -> None:
        """Put the clock to a local wall-clock time."""
        self.wall_clock.set(wall)
        self.note(SET_TIME)

    def punch(self, person: str, state: int, verify: int = history.FINGER) -> Punch:
        """Accept a punch now and return it; it is on disk by then. DisabledError when it cannot.

        A person who is no user is accepted too, as real logs name people deleted since.
        """
        if not self.powered:
            sentence = f"{self.spec.serial} is switched off: give it the fault none"
            raise DisabledError(sentence)
        if not self.enabled:
            sentence = f"{self.spec.serial} is disabled by a client: send ENABLE, or restart it"
            raise DisabledError(sentence)
        punch = self._punch(person, state, verify)
        self.truth.append([punch])
        self._tell(punch)
        return punch

    def record(self, person: str, stamp: str, state: int, verify: int = history.FINGER) -> Punch:
        """Add a record with any wall-clock time (truth.STAMP) to the log, without an event."""
        punch = stamped(self._punch(person, state, verify), stamp)
        self.truth.append([punch])
        return punch

    def backlog(self, count: int) -> None:
        """Accept `count` punches, one a second up to now, of people who came while nobody listened.

        Times may lie before the newest of the log, as after a clock was put back.
        """
        instants = history.recent(count, self._now())
        self.truth.append(history.at(instants, self._pins(), self.wall_clock.at, self._rng))

    def anybody(self) -> str:
        """Return the PIN of one of the users."""
        return self._rng.choice(self._pins())

    def clear_log(self) -> None:
        """Empty the log, also of punches that the client has not read yet."""
        self.truth.clear(self._now())
        self.note(CLEAR_ATTENDANCE)

    def unlock(self, delay: int) -> None:
        """Switch the door relay."""
        self.unlocks.append(Unlock(self._now(), delay))
        self.note(UNLOCK)

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

    def _punch(self, person: str, state: int, verify: int) -> Punch:
        now = self._now()
        return Punch(person, self.wall_clock.at(now), now.replace(microsecond=0), state, verify)

    def _pins(self) -> list[str]:
        return [user.user_id for user in self.users] or ["1"]

    def _past(self) -> list[Punch]:
        clock = self.wall_clock
        return history.past(
            self.spec.records, self._pins(), self._now(), clock.at, clock.zone, self._rng
        )
