"""What becomes of a batch: which records are new punches, and what is said of them.

The batch, what is known already and the site's last position give the decision.
"""

from collections.abc import Set as AbstractSet
from datetime import datetime
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID, uuid5

from services.attendance.rules.times import Timed, instant_of, zone_of
from shared.contracts.attendance import PunchesRecorded, Receipt, RecordedPunch
from shared.contracts.identity import canonical_person, punch_id
from shared.contracts.readings import PeopleRead, PunchBatch, PunchRecord

IMPOSSIBLE_NUMBER: Final = "impossible_number"
"""A number that no device means and no column holds; it stands in the bytes as read."""
_BIGGEST: Final = 2**63 - 1


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
    return batch.model_copy(update={"serial": text_of(batch.serial), "zone": text_of(batch.zone)})


def text_of(value: str) -> str:
    """Return text as it can be kept: without NUL, and blanks around it."""
    return value.replace("\x00", "").strip()


def identities(batch: PunchBatch) -> tuple[UUID, ...]:
    """Return the identity of each record, in the batch's order.

    Every owner's phones have the same serial number and are another device: their site tells which.
    """
    serial = batch.site if batch.source == "app" else batch.serial
    return tuple(
        punch_id(serial, each.person, each.device_time, each.ordinal) for each in batch.records
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
            # A phone punches when it is heard, to the millisecond; devices tell whole seconds.
            timed = (
                (batch.read_at, ())
                if batch.source == "app"
                else instant_of(record.device_time, zone, batch.read_at)
            )
            punch = _punch(record, identity, last_position + len(fresh) + 1, timed)
            fresh.append(Fresh(punch, record.raw))
        met.add(identity)
    return Decision(tuple(fresh), len(ids) - len(fresh), len(ids) - len(met))


def _punch(record: PunchRecord, identity: UUID, position: int, timed: Timed) -> RecordedPunch:
    punched_at, flags = timed
    numbers = (record.verify, record.state, record.event)
    verify, state, event = (
        None if each is not None and abs(each) > _BIGGEST else each for each in numbers
    )
    if (verify, state, event) != numbers:
        flags = (*flags, IMPOSSIBLE_NUMBER)
    return RecordedPunch(
        id=identity,
        position=position,
        user_id=canonical_person(record.person),
        device_time=record.device_time,
        punched_at=punched_at,
        verify_method=verify,
        in_out_state=state,
        work_code=None if record.work_code is None else text_of(record.work_code),
        event=event,
        flags=(*(text_of(each) for each in record.flags), *flags),
    )


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
    names = {canonical_person(each.user_id): text_of(each.name) for each in read.people}
    return dict(sorted(names.items()))
