"""What every terminal has, whatever dialect it speaks: a log, a clock, a door, a switch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from services.devices.simulators import history
from services.devices.simulators.clock import WallClock
from services.devices.simulators.truth import Punch, TruthLog, stamped

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from services.devices.simulators.faults import Fault
    from services.devices.simulators.spec import DeviceSpec


class DisabledError(Exception):
    """Nobody can punch: a client has disabled the terminal or switched it off."""


class NobodyEnrolsError(Exception):
    """No client has asked for a finger."""


class InputError(ValueError):
    """Something asked of a terminal cannot be; `field` is what is wrong."""

    def __init__(self, sentence: str, field: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field = field


def demand_known(fault: Fault, known: Collection[Fault]) -> None:
    """Raise InputError for a fault that terminals of this dialect do not have."""
    if fault not in known:
        sentence = f"{fault.value!r} is none of {', '.join(sorted(known))}"
        raise InputError(sentence, field="kind")


class Machine(ABC):
    """One terminal's inside. `now` is the true instant; the terminal's clock may be wrong about it.

    Whatever a client changes survives a restart of the terminal; the log and nothing else survives
    the process.
    """

    truth: TruthLog

    def __init__(self, spec: DeviceSpec, now: Callable[[], datetime], seed: int) -> None:
        self.spec = spec
        self.powered = True
        self.wall_clock = WallClock(spec.zone, spec.drift, now)
        self._now = now
        self._enabled_from: datetime | None = None
        # The same seed and serial give the same people again, whatever the log holds by then.
        self._rng = Random(f"{seed}:{spec.serial}")  # noqa: S311 - invented data, no secret

    @property
    def enabled(self) -> bool:
        """Tell whether people can punch now."""
        return self._enabled_from is None or self._now() >= self._enabled_from

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

    def punch(self, person: str, state: int, verify: int = history.FINGER) -> Punch:
        """Accept a punch now and return it; it is on disk by then. DisabledError when it cannot.

        A person who is no user is accepted too, as real logs name people deleted since.
        """
        self._demand_open()
        punch = self._punch(person, state, verify)
        self.truth.append([punch])
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
        punches = history.at(instants, self.pins(), self.wall_clock.at, self._rng)
        self.truth.append(self.as_logged(punches))

    def anybody(self) -> str:
        """Return the PIN of one of the users."""
        return self._rng.choice(self.pins())

    def clear_log(self) -> None:
        """Empty the log, also of punches that the client has not read yet."""
        self.truth.clear(self._now())

    @abstractmethod
    def pins(self) -> list[str]:
        """Return the PINs of the users; of one person nobody knows where there are none."""

    def as_logged(self, punches: list[Punch]) -> list[Punch]:
        """Return invented punches as this kind of terminal would have logged them."""
        return punches

    def _demand_open(self) -> None:
        if not self.powered:
            sentence = f"{self.spec.serial} is switched off: give it the fault none"
            raise DisabledError(sentence)
        if not self.enabled:
            sentence = f"{self.spec.serial} is disabled by a client: send ENABLE, or restart it"
            raise DisabledError(sentence)

    def _punch(self, person: str, state: int, verify: int) -> Punch:
        now = self._now()
        return Punch(person, self.wall_clock.at(now), now.replace(microsecond=0), state, verify)

    def _remember(self, directory: Path, records: int, handed: int = 0) -> TruthLog:
        """Return the terminal's log of an earlier run, else one with so many invented records.

        The first `handed` of the invented ones count as acknowledged by a server.
        """
        path = directory / f"{self.spec.serial}.jsonl"
        if path.exists():
            return TruthLog.open(path)
        clock = self.wall_clock
        past = history.past(records, self.pins(), self._now(), clock.at, clock.zone, self._rng)
        return TruthLog.create(path, self.as_logged(past), handed)
