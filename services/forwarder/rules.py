"""What the forwarder decides: what to send where, what was missed, what an answer means. Pure."""

import json
import math
from collections.abc import Iterator
from itertools import count
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID, uuid5

from shared.contracts.attendance import PunchesRecorded, RecordedPunch, is_app_site
from shared.contracts.readings import Source
from shared.kit.clock import iso

LARGEST: Final = 100
"""Records in one delivery: its ids must fit into a header."""
_SAFE: Final = 2**53
"""From here on, JSON readers that keep numbers as floats confuse neighbours."""
_SAFE_DIGITS: Final = len(str(_SAFE))

REFUSALS: Final = 5
UNCONFIRMED: Final = "Remote server did not confirm receipt"
_BASE_SECONDS: Final = 0.5
_CAP_SECONDS: Final = 60.0
_TOO_MANY_REQUESTS: Final = 429
_DEEPEST: Final = 16
"""How deep an answer's JSON may be: everybody who reads it later walks down as far."""

NOWHERE: Final = "none"
"""Stands for the target of a delivery while there is none."""
_NO_TARGET: Final[dict[Source, str]] = {
    "app": "FORWARD_FINGERPRINT_URL and FORWARD_LOG_URL are not set",
    "http": "FORWARD_LOG_URL is not set",
}
"""By the source of punches that somebody waits for; who sent them is told that nobody hears."""

Record = dict[str, int | str | None]


class Targets(NamedTuple):
    """The names of the targets that are there."""

    log: str | None
    phones: str | None

    def of(self, source: Source) -> str | None:
        """Return where punches of this source go, None: nowhere."""
        return self.phones if source == "app" else self.log


def untargeted(source: Source) -> str | None:
    """Return why punches of this source go nowhere; None where nobody waits for the answer."""
    return _NO_TARGET.get(source)


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


def source_at(site: str) -> Source:
    """Return a source whose punches go where those of this site do."""
    return "app" if is_app_site(site) else "http"


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
        "event": punch.in_out_state if punch.event is None else punch.event,
    }


def _enroll_id(user_id: str) -> int | str:
    number = user_id.isascii() and user_id.isdigit() and len(user_id) <= _SAFE_DIGITS
    return int(user_id) if number and int(user_id) < _SAFE else user_id


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


def said(status: int | None, text: str) -> Any:
    """Return what a target answered: JSON where it is JSON that everybody can keep, else its text.

    None without an answer. Not everybody can keep what is deep, no number, or holds what Postgres
    and UTF-8 have no place for; the text, where such characters stand escaped, tells the same.
    """
    if status is None:
        return None
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return answer if _keepable(answer, _DEEPEST) else text


def _keepable(value: object, depth: int) -> bool:
    match value:
        case str():
            return not any(each == "\0" or "\ud800" <= each <= "\udfff" for each in value)
        case float():
            return math.isfinite(value)
        case list():
            return depth > 0 and all(_keepable(each, depth - 1) for each in value)
        case dict():
            parts = [*value.keys(), *value.values()]
            return depth > 0 and all(_keepable(each, depth - 1) for each in parts)
        case _:
            return True
