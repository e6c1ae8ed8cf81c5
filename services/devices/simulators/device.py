"""What a terminal holds, whatever dialect it speaks: people, a log, a clock, a door. No network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from services.devices.simulators import history, people
from services.devices.simulators.truth import Punch, TruthLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from services.devices.simulators.spec import DeviceSpec

# Operation codes of the terminal's own audit log (vendor manual of 2006).
POWER_ON, SET_TIME, CLEAR_ATTENDANCE, UNLOCK = 0, 21, 23, 29


class DisabledError(Exception):
    """Nobody can punch: a client has disabled the terminal."""


class Unlock(NamedTuple):
    """The door relay was switched: when, and the delay exactly as the client sent it."""

    at: datetime
    delay: int


class Operation(NamedTuple):
    """One line of the terminal's own audit log, in its wall-clock time."""

    op: int
    time: datetime


class Device:
    """One terminal. `now` is the true instant; the terminal's clock may be wrong about it."""

    def __init__(
        self, spec: DeviceSpec, directory: Path, now: Callable[[], datetime], seed: int
    ) -> None:
        """Take over the terminal's log of an earlier run, else invent one from `seed`."""
        self.spec = spec
        self.zone = ZoneInfo(spec.zone)
        self.unlocks: list[Unlock] = []
        self.operations: list[Operation] = []
        self._now = now
        self._skew = timedelta(seconds=spec.drift)
        self._enabled_from: datetime | None = None
        # The same seed and serial give the same people again, whatever the log holds by then.
        self._rng = Random(f"{seed}:{spec.serial}")  # noqa: S311 - invented data, no secret
        self.users = people.invent(spec.users, self._rng)
        self.slots = {user.user_id: user.uid for user in self.users}
        path = directory / f"{spec.serial}.jsonl"
        self.truth = TruthLog(path) if path.exists() else TruthLog.create(path, self._past())
        self.boot()

    @property
    def enabled(self) -> bool:
        """Tell whether people can punch now."""
        return self._enabled_from is None or self._now() >= self._enabled_from

    def boot(self) -> None:
        """Start up: whatever a client had switched off is on again."""
        self.enable()
        self._note(POWER_ON)

    def enable(self) -> None:
        """Let people punch."""
        self._enabled_from = None

    def disable(self, seconds: int | None) -> None:
        """Let nobody punch for so many seconds, or until `enable`; outlives the connection."""
        forever = datetime.max.replace(tzinfo=UTC)
        end = forever if seconds is None else self._now() + timedelta(seconds=seconds)
        self._enabled_from = end

    def wall(self, instant: datetime) -> datetime:
        """Return what the terminal's clock shows at an instant: local, whole seconds, no zone."""
        return (instant + self._skew).astimezone(self.zone).replace(tzinfo=None, microsecond=0)

    def clock(self) -> datetime:
        """Return what the terminal's clock shows now."""
        return self.wall(self._now())

    def set_clock(self, wall: datetime) -> None:
        """Put the clock to a local wall-clock time."""
        self._skew = wall.replace(tzinfo=self.zone) - self._now()
        self._note(SET_TIME)

    def punch(self, person: str, state: int, verify: int = history.FINGER) -> Punch:
        """Accept a punch now and return it; it is on disk by then. DisabledError if disabled.

        A person who is no user is accepted too, as real logs name people deleted since.
        """
        if not self.enabled:
            sentence = f"{self.spec.serial} is disabled by a client: send ENABLE, or restart it"
            raise DisabledError(sentence)
        now = self._now()
        punch = Punch(person, self.wall(now), now.replace(microsecond=0), state, verify)
        self.truth.append([punch])
        return punch

    def backlog(self, count: int) -> None:
        """Accept `count` punches, one a second up to now, of people who came while nobody listened.

        Times may lie before the newest of the log, as after a clock was put back.
        """
        instants = history.recent(count, self._now())
        self.truth.append(history.at(instants, self._pins(), self.wall, self._rng))

    def anybody(self) -> str:
        """Return the PIN of one of the users."""
        return self._rng.choice(self._pins())

    def clear_log(self) -> None:
        """Empty the log, also of punches that the client has not read yet."""
        self.truth.clear(self._now())
        self._note(CLEAR_ATTENDANCE)

    def unlock(self, delay: int) -> None:
        """Switch the door relay."""
        self.unlocks.append(Unlock(self._now(), delay))
        self._note(UNLOCK)

    def _note(self, op: int) -> None:
        self.operations.append(Operation(op, self.clock()))

    def _pins(self) -> list[str]:
        return [user.user_id for user in self.users] or ["1"]

    def _past(self) -> list[Punch]:
        return history.past(
            self.spec.records, self._pins(), self._now(), self.wall, self.zone, self._rng
        )
