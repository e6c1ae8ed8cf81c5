"""A door opens once, for one device, in time, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

from services.devices.agent.permits import PERMIT_SECONDS, Permits
from shared.kit.clock import new_id


class StoppedClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds

    def boottime(self) -> float:
        return self.seconds


def test_a_permit_is_good_once() -> None:
    permits = Permits(StoppedClock())
    permit = permits.issue(1)
    assert permits.use(permit, 1) == 1000.0 + PERMIT_SECONDS
    assert permits.use(permit, 1) is None


def test_a_permit_is_good_for_its_device_only_and_burnt_by_another() -> None:
    permits = Permits(StoppedClock())
    permit = permits.issue(1)
    assert permits.use(permit, 2) is None
    assert permits.use(permit, 1) is None


def test_a_permit_expires_while_a_process_is_frozen() -> None:
    clock = StoppedClock()
    permits = Permits(clock)
    permit = permits.issue(1)
    clock.seconds += PERMIT_SECONDS
    assert permits.use(permit, 1) is None


def test_nobody_makes_up_a_permit() -> None:
    assert Permits(StoppedClock()).use(new_id(), 1) is None


def test_old_permits_do_not_pile_up() -> None:
    clock = StoppedClock()
    permits = Permits(clock)
    for _ in range(1000):
        permits.issue(1)
        clock.seconds += 1
    assert len(permits._issued) <= PERMIT_SECONDS + 1
