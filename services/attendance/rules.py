"""What attendance decides about a batch: which records are new punches, and when they happened.

Pure: the batch, what is known already and the site's last position give the decision.
"""

from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from shared.contracts.attendance import (
    SUMMARY_DAYS,
    PunchesRecorded,
    Receipt,
    RecordedPunch,
    SummarizePunches,
)
from shared.contracts.errors import Code, FieldProblem
from shared.contracts.identity import canonical_person, punch_id
from shared.contracts.readings import PeopleRead, PunchBatch, PunchRecord
from shared.kit.errors import MusterError

AMBIGUOUS: Final = "ambiguous_time"
"""The wall clock showed this time twice (clocks went back); the first of the two is taken."""
NONEXISTENT: Final = "nonexistent_time"
"""No wall clock of the zone showed this time (clocks went forward); read as if they had not."""
IMPOSSIBLE: Final = "impossible_time"
"""No calendar has this date, or no clock this time; the punch has no instant."""
IMPLAUSIBLE: Final = "implausible_time"
"""The device's clock was wrong: never set, or more than a day ahead of the reading."""
UNKNOWN_ZONE: Final = "unknown_zone"
"""The device's zone is not one of IANA's; the punch has no instant."""

_CLOCK_NEVER_SET: Final = datetime(2000, 1, 2, tzinfo=UTC)
"""Terminals that lost their clock start at 2000-01-01; on their own wall clock, not in UTC."""
_AHEAD: Final = timedelta(days=1)

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)

Timed = tuple[datetime | None, tuple[str, ...]]


class Fresh(NamedTuple):
    """A record that is a new punch, and its bytes as read."""

    punch: RecordedPunch
    raw: bytes


class Decision(NamedTuple):
    """What becomes of a batch."""

    fresh: tuple[Fresh, ...]
    known: int
    """Records that are punches recorded before, or earlier in the same batch."""
    ambiguous: int
    """Those of them that are in the batch twice: nothing tells whether they were two punches."""


def cleaned(batch: PunchBatch) -> PunchBatch:
    """Return the batch without the NULs that devices pad text with and Postgres cannot hold."""
    return batch.model_copy(update={"serial": _text(batch.serial), "zone": _text(batch.zone)})


def _text(value: str) -> str:
    return value.replace("\x00", "").strip()


def identities(batch: PunchBatch) -> tuple[UUID, ...]:
    """Return the identity of each record, in the batch's order."""
    return tuple(
        punch_id(batch.serial, each.person, each.device_time, each.ordinal)
        for each in batch.records
    )


def content_of(ids: tuple[UUID, ...]) -> bytes:
    """Return a digest of what a batch holds: an id used for two batches must not cost a punch."""
    return sha256(b"".join(each.bytes for each in ids)).digest()


def decide(
    batch: PunchBatch, ids: tuple[UUID, ...], known: AbstractSet[UUID], last_position: int
) -> Decision:
    """Take each record that is neither known nor a repetition, with the next position."""
    zone = zone_of(batch.zone)
    fresh: list[Fresh] = []
    met: set[UUID] = set()
    for identity, record in zip(ids, batch.records, strict=True):
        if identity not in met and identity not in known:
            timed = instant_of(record.device_time, zone, batch.read_at)
            punch = _punch(record, identity, last_position + len(fresh) + 1, timed)
            fresh.append(Fresh(punch, record.raw))
        met.add(identity)
    return Decision(tuple(fresh), len(ids) - len(fresh), len(ids) - len(met))


def _punch(record: PunchRecord, identity: UUID, position: int, timed: Timed) -> RecordedPunch:
    punched_at, flags = timed
    return RecordedPunch(
        id=identity,
        position=position,
        user_id=canonical_person(record.person),
        device_time=record.device_time,
        punched_at=punched_at,
        verify_method=record.verify,
        in_out_state=record.state,
        work_code=None if record.work_code is None else _text(record.work_code),
        flags=(*(_text(each) for each in record.flags), *flags),
    )


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo | None:
    """Return the zone of an IANA name, None when there is no such zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


def instant_of(device_time: str, zone: tzinfo | None, read_at: datetime) -> Timed:
    """Return when a wall clock of the zone showed ``device_time``, and what is odd about it."""
    if zone is None:
        return None, (UNKNOWN_ZONE,)
    date, _, time = device_time.partition("T")
    year, month, day = (int(each) for each in date.split("-"))
    hour, minute, second = (int(each) for each in time.split(":"))
    try:
        wall = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        instant = wall.astimezone(UTC)
    except (ValueError, OverflowError):
        return None, (IMPOSSIBLE,)
    return instant, (*_fold_flags(wall), *_plausibility_flags(wall, instant, read_at))


def _fold_flags(wall: datetime) -> tuple[str, ...]:
    # PEP 495: the two readings of a wall clock differ only where its zone changes its offset; the
    # later one has the smaller offset where hours repeat, the greater one where they are missing.
    first, second = wall.utcoffset(), wall.replace(fold=1).utcoffset()
    if first is None or second is None or first == second:
        return ()
    return (AMBIGUOUS,) if first > second else (NONEXISTENT,)


def _plausibility_flags(wall: datetime, instant: datetime, read_at: datetime) -> tuple[str, ...]:
    never_set = wall.replace(tzinfo=UTC) < _CLOCK_NEVER_SET
    return (IMPLAUSIBLE,) if never_set or instant - read_at > _AHEAD else ()


def receipt(batch: PunchBatch, recorded: int, known: int) -> Receipt:
    """Return attendance's word that the batch is committed."""
    return Receipt(
        journal_id=batch.journal_id,
        batch_id=batch.batch_id,
        owner=batch.owner,
        site=batch.site,
        device_id=batch.device_id,
        recorded=recorded,
        known=known,
    )


def recorded_event(
    batch: PunchBatch, fresh: tuple[Fresh, ...], received_at: datetime
) -> PunchesRecorded:
    """Return what is said of new punches; its id follows from the batch, so it is said once."""
    return PunchesRecorded(
        event_id=uuid5(batch.journal_id, str(batch.batch_id)),
        owner=batch.owner,
        site=batch.site,
        device_id=batch.device_id,
        serial_number=batch.serial,
        zone=batch.zone,
        source=batch.source,
        received_at=received_at,
        first_position=fresh[0].punch.position,
        last_position=fresh[-1].punch.position,
        punches=tuple(each.punch for each in fresh),
    )


def names_of(read: PeopleRead) -> dict[str, str]:
    """Return each person's name, sorted so that two writers never wait for each other."""
    names = {canonical_person(each.user_id): _text(each.name) for each in read.people}
    return dict(sorted(names.items()))


def midnights(ask: SummarizePunches) -> tuple[datetime, ...]:
    """Return where each day asked for begins in its zone, and where the last one ends.

    In order, never falling; none when the last day lies before the first. Raises VALIDATION_ERROR
    for too many days.
    """
    days = (ask.last_day - ask.first_day).days + 1
    if days > SUMMARY_DAYS:
        problem = FieldProblem(field="last_day", problem=f"at most {SUMMARY_DAYS} days at once")
        raise MusterError(Code.VALIDATION_ERROR, problem.problem, fields=(problem,))
    zone = ZoneInfo(ask.zone)
    first = ask.first_day.toordinal()
    return tuple(_midnight(first + each, zone) for each in range(days + 1 if days > 0 else 0))


def _midnight(day: int, zone: tzinfo) -> datetime:
    # Where clocks go forward at midnight, the first of the two readings is the change itself.
    try:
        return datetime.combine(date.fromordinal(day), time(), zone).astimezone(UTC)
    except (ValueError, OverflowError):  # the calendar's own ends
        return _EARLIEST if day <= 1 else _LATEST
