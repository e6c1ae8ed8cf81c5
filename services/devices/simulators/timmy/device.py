"""What a Timmy terminal holds: people, a log, a door, its settings. No network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from typing_extensions import override

from services.devices.simulators import history
from services.devices.simulators.enrolment import SCRIPTS
from services.devices.simulators.machine import InputError, Machine, NobodyEnrolsError
from services.devices.simulators.timmy import credentials, photos
from services.devices.simulators.timmy.enrolling import STORED, Asked, Enrolling
from services.devices.simulators.timmy.traits import BY_CARD, NOBODY, STRANGER, TRAITS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from services.devices.simulators.enrolment import Laying
    from services.devices.simulators.spec import DeviceSpec
    from services.devices.simulators.truth import Punch

UNKNOWN_FACE: Final = 2
"""The event of a stranger's record."""
_SETTINGS: Final[dict[str, Any]] = {
    "deviceid": 1,
    "language": 0,
    "volume": 6,
    "screensaver": 30,
    "verifymode": 0,
    "sleep": 0,
    "userfpnum": 3,
    "loghint": 1000,
    "reverifytime": 0,
}


class Opening(NamedTuple):
    """The door was opened by command: when, and which door; 0 is every one."""

    at: datetime
    door: int


class TimmyDevice(Machine):
    """One terminal; its truth also has the records about strangers and the door."""

    def __init__(
        self, spec: DeviceSpec, directory: Path, now: Callable[[], datetime], seed: int
    ) -> None:
        """Take over the terminal's log of an earlier run, else invent one from `seed`."""
        super().__init__(spec, now, seed)
        self.traits = TRAITS[spec.family]
        self.unlocks: list[Opening] = []
        self.settings = dict(_SETTINGS)
        self.locks: dict[str, Any] = {}
        """The door's own settings, as setdevlock wrote them."""
        self.enrolling: Enrolling | None = None
        self.credentials = credentials.invent(spec, self.traits.slots, self._rng)
        self.truth = self._remember(directory, spec.records + spec.backlog, spec.records)
        if self.traits.dumps:
            self.mark_untold()

    @property
    def unsent(self) -> list[Punch]:
        """Return the records that no server has acknowledged, oldest first."""
        return self.truth.punches[self.truth.handed :]

    def boot(self) -> None:
        """Start up: whatever a client had switched off is on again."""
        self.enrolling = None
        self.enable()

    def mark_untold(self) -> None:
        """Have everybody told to the server again."""
        for enrollid in self.credentials.people:
            self.credentials.mark_untold(enrollid)

    def identify(self, person: str, state: int) -> Punch:
        """Accept a punch in the terminal's own way; see `punch`."""
        return self.punch(person, state, self.traits.modes[0])

    def stranger(self) -> Punch:
        """Accept the record of a face that nobody knows; DisabledError as `punch`."""
        self._demand_open()
        return self._note(STRANGER, UNKNOWN_FACE, self.traits.modes[0])

    def door(self, event: int) -> Punch:
        """Accept a record about the door: 0 closed, 1 opened, 2 exit button, 5 forced open, ..."""
        return self._note(NOBODY, event, 0)

    def photo(self) -> str:
        """Return what the camera sees, as base64."""
        return photos.taken(self._rng)

    def open_door(self, door: int) -> None:
        """Switch the door relay."""
        self.unlocks.append(Opening(self._now(), door))

    def enrol(self, asked: Asked) -> None:
        """Begin an enrolment; `step` lets happen what the spec says, or `lay`."""
        self.enrolling = Enrolling(asked)
        self.lay(SCRIPTS[self.spec.enrols])

    def lay(self, layings: Iterable[Laying]) -> None:
        """Lay fingers on the sensor; NobodyEnrolsError when no server asked for one."""
        if self.enrolling is None or self.enrolling.over:
            sentence = f"{self.spec.serial} enrols nobody: send adduser first"
            raise NobodyEnrolsError(sentence)
        for laying in layings:
            self.enrolling.lay(laying)

    def step(self) -> None:
        """Let the next thing of an enrolment happen; what was captured is told to the server."""
        if self.enrolling is None or self.enrolling.over:
            return
        self.enrolling.step()
        if self.enrolling.status == STORED:
            self.capture(self.enrolling.asked)

    def capture(self, asked: Asked) -> None:
        """Store a credential that somebody gave at the terminal."""
        person = self.credentials.ensure(asked.enrollid)
        person.name, person.admin = asked.name or person.name, asked.admin
        record = credentials.captured(asked.slot, self.spec.algorithm, self._rng)
        self.credentials.put(asked.enrollid, asked.slot, record)
        self.credentials.untold[asked.enrollid, asked.slot] = None

    @override
    def clear_log(self) -> None:
        super().clear_log()
        if self.traits.dumps_after_clearing:
            self.mark_untold()

    @override
    def pins(self) -> list[str]:
        return [str(enrollid) for enrollid in self.credentials.people] or ["1"]

    @override
    def as_logged(self, punches: list[Punch]) -> list[Punch]:
        ways = {history.CARD: BY_CARD}
        own = self.traits.modes[0]
        return [punch._replace(verify=ways.get(punch.verify, own)) for punch in punches]

    @override
    def _punch(self, person: str, state: int, verify: int) -> Punch:
        if not person.isdecimal():
            sentence = f"{person!r} is no number, and Timmy terminals know nothing else"
            raise InputError(sentence, field="user_id")
        return super()._punch(person, state, verify)

    def _note(self, enrollid: int, event: int, mode: int) -> Punch:
        punch = self._punch(str(enrollid), 0, mode)._replace(event=event)
        self.truth.append([punch])
        return punch
