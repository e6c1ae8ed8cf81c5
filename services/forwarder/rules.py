"""What the forwarder decides: what to send, what was missed, and what an answer means. Pure."""

from collections.abc import Iterator
from itertools import count
from typing import Final, Literal, NamedTuple
from uuid import UUID, uuid5

from shared.contracts.attendance import PunchesRecorded, RecordedPunch
from shared.kit.clock import iso

LARGEST: Final = 100
"""Records in one delivery: its ids must fit into a header."""
_SAFE: Final = 2**53
"""Above it, JSON readers that keep numbers as floats confuse neighbours."""

REFUSALS: Final = 5
UNCONFIRMED: Final = "Remote server did not confirm receipt"
_BASE_SECONDS: Final = 0.5
_CAP_SECONDS: Final = 60.0
_TOO_MANY_REQUESTS: Final = 429

Record = dict[str, int | str | None]


class Span(NamedTuple):
    """Positions of a site's record, both ends included."""

    first: int
    last: int


class Draft(NamedTuple):
    """A delivery that has no place in its target's sequence yet."""

    id: UUID
    records: tuple[Record, ...]
    punch_ids: tuple[UUID, ...]


class Withheld(NamedTuple):
    """A punch that cannot be forwarded."""

    punch_id: UUID
    position: int
    reason: str


class Verdict(NamedTuple):
    """What becomes of a delivery after an attempt."""

    status: Literal["delivered", "pending", "failed"]
    error: str | None = None
    refused: bool = False
    """Whether the target had this very delivery in hand and did not take it."""
    delay: float = 0.0
    """Seconds until the next attempt of one that stays pending."""


def jump(last: int, heard: Span) -> Span | None:
    """Return the positions between the last one and those heard now, None when there are none."""
    return Span(last + 1, heard.first - 1) if heard.first > last + 1 else None


def remaining(gap: Span, heard: Span) -> tuple[Span, ...]:
    """Return what is still missing of a gap after these positions were heard."""
    before = Span(gap.first, min(gap.last, heard.first - 1))
    after = Span(max(gap.first, heard.last + 1), gap.last)
    return tuple(each for each in (before, after) if each.first <= each.last)


def drafts(event: PunchesRecorded, target: str) -> Iterator[Draft]:
    """Cut an event into deliveries; their ids follow from it, so that a receiver knows them."""
    punches = [each for each in event.punches if each.punched_at is not None]
    for number, start in zip(count(), range(0, len(punches), LARGEST), strict=False):
        part = punches[start : start + LARGEST]
        yield Draft(
            uuid5(event.event_id, f"{target}/{number}"),
            tuple(_record(each) for each in part),
            tuple(each.id for each in part),
        )


def withheld(event: PunchesRecorded) -> tuple[Withheld, ...]:
    """Return the punches without an instant: a target could only misread them."""
    return tuple(
        Withheld(each.id, each.position, ", ".join(each.flags) or "no instant")
        for each in event.punches
        if each.punched_at is None
    )


def _record(punch: RecordedPunch) -> Record:
    return {
        "enrollid": _enroll_id(punch.user_id),
        "time": None if punch.punched_at is None else iso(punch.punched_at),
        "event": punch.in_out_state,
    }


def _enroll_id(user_id: str) -> int | str:
    number = user_id.isascii() and user_id.isdigit() and int(user_id) <= _SAFE
    return int(user_id) if number else user_id


class Attempt(NamedTuple):
    """How an attempt to deliver went, and what went before it."""

    status: int | None
    """The answer's HTTP status, None when there was no answer."""
    confirmed: bool
    """Whether the answer says ``success`` is true."""
    error: str | None
    """Why there was no answer."""
    attempts: int
    """How many there were, this one included."""
    refusals: int
    """How many were refused before this one."""
    jitter: float
    """From 0 to 1."""


def judge(attempt: Attempt) -> Verdict:
    """Tell whether a delivery arrived; if not, whether and when it is tried again.

    A target that is away or busy is waited for as long as it takes, and the deliveries behind it
    wait as well. One that refuses a delivery gets it five times; then it is kept as failed, so
    that one record which a target cannot digest does not stop the others.
    """
    delay = backoff(attempt.attempts, attempt.jitter)
    if attempt.status is None:
        return Verdict("pending", attempt.error, delay=delay)
    if 200 <= attempt.status < 300 and attempt.confirmed:
        return Verdict("delivered")
    if attempt.status >= 500 or attempt.status == _TOO_MANY_REQUESTS:
        return Verdict("pending", UNCONFIRMED, delay=delay)
    given_up = attempt.refusals + 1 >= REFUSALS
    return Verdict("failed" if given_up else "pending", UNCONFIRMED, refused=True, delay=delay)


def backoff(attempts: int, jitter: float) -> float:
    """Return the seconds to wait after the n-th attempt: twice as long each time, up to 60."""
    longest = min(_CAP_SECONDS, _BASE_SECONDS * 2.0 ** min(attempts - 1, 16))
    return longest * (1 + jitter) / 2


def jitter_of(delivery_id: UUID, attempts: int) -> float:
    """Return a number from 0 to 1 that differs between deliveries and attempts."""
    return uuid5(delivery_id, str(attempts)).int / 2**128
