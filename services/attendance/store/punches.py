"""Batches, punches, names: each function does its part of the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import TableValuedAlias, Text, column, func, insert, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.attendance.models import batches, feeds, people, punches, said, versions
from shared.contracts.attendance import PunchesRecorded, RecordedPunch
from shared.contracts.readings import PeopleRead, PunchBatch
from shared.contracts.streams import RECORDED
from shared.contracts.subjects import punch_recorded
from shared.kit import outbox

OUTBOX: Final = said
"""For the relay."""


class Counts(NamedTuple):
    """What is on record of a batch."""

    content: bytes
    recorded: int
    known: int


class NewBatch(NamedTuple):
    """A batch that is not on record yet, and what is new of it: punches with their bytes."""

    batch: PunchBatch
    counts: Counts
    ambiguous: int
    fresh: Sequence[tuple[RecordedPunch, bytes]]


async def lock_feed(connection: AsyncConnection, site: str, owner: str) -> int:
    """Lock a site's record until the transaction ends; return its last position, 0 at first.

    Whoever records punches of a site passes here first, one at a time: positions have no gaps and
    what is known cannot change between the question and the insert.
    """
    statement = (
        upsert(feeds)
        .values(site=site, owner=owner, position=0)
        .on_conflict_do_update(index_elements=["site"], set_={"position": feeds.c.position})
        .returning(feeds.c.position)
    )
    position: int = (await connection.execute(statement)).scalar_one()
    return position


def key_of(batch: PunchBatch) -> tuple[UUID, UUID]:
    """Return what a batch is known by."""
    return batch.journal_id, batch.batch_id


async def find_batches(
    connection: AsyncConnection, read: Sequence[PunchBatch]
) -> dict[tuple[UUID, UUID], Counts]:
    """Return what is on record of batches, by their keys; new ones are not there."""
    query = select(
        batches.c.journal_id,
        batches.c.batch_id,
        *(batches.c[name] for name in Counts._fields),
    ).where(tuple_(batches.c.journal_id, batches.c.batch_id).in_(map(key_of, read)))
    rows = await connection.execute(query)
    return {(journal, batch): Counts(*counts) for journal, batch, *counts in rows}


async def known_ids(connection: AsyncConnection, owner: str, ids: Sequence[UUID]) -> set[UUID]:
    """Return which of the ids are punches of the owner already."""
    query = select(punches.c.id).where(
        punches.c.owner == owner, punches.c.id == func.any(list(ids))
    )
    return set((await connection.execute(query)).scalars())


async def insert_batches(
    connection: AsyncConnection, new: Sequence[NewBatch], received_at: datetime
) -> None:
    """Put batches of one site on record with their punches; the feed must be locked."""
    if not new:
        return
    rows = [
        {
            "journal_id": batch.journal_id,
            "batch_id": batch.batch_id,
            "owner": batch.owner,
            "site": batch.site,
            "device_id": batch.device_id,
            "epoch": batch.epoch,
            "source": batch.source,
            "operation_id": batch.operation_id,
            "read_at": batch.read_at,
            "received_at": received_at,
            "ambiguous": ambiguous,
            **counts._asdict(),
        }
        for batch, counts, ambiguous, _ in new
    ]
    await connection.execute(insert(batches), rows)
    for each in new:
        if each.fresh:
            await _insert_punches(connection, each.batch, received_at, each.fresh)


async def _insert_punches(
    connection: AsyncConnection,
    batch: PunchBatch,
    received_at: datetime,
    fresh: Sequence[tuple[RecordedPunch, bytes]],
) -> None:
    """Record new punches and move the site's last position."""
    same = {
        "owner": batch.owner,
        "site": batch.site,
        "device_id": batch.device_id,
        "serial_number": batch.serial,
        "epoch": batch.epoch,
        "zone": batch.zone,
        "source": batch.source,
        "received_at": received_at,
        "clock_error_ms": batch.drift_ms,
    }
    # One statement and one parameter, however many rows: several times as fast as row by row.
    rows = [{**punch.model_dump(mode="json"), "raw": raw.hex()} for punch, raw in fresh]
    record = _records(rows)
    columns = [func.decode(each, "hex") if each.name == "raw" else each for each in record.c]
    values = select(
        *columns, *(literal(value, punches.c[name].type) for name, value in same.items())
    )
    last = fresh[-1][0].position
    moved = update(feeds).where(feeds.c.site == batch.site).values(position=last)
    await connection.execute(
        insert(punches).from_select([*record.c.keys(), *same], values).add_cte(moved.cte("moved"))
    )


def _records(rows: Sequence[Mapping[str, Any]]) -> TableValuedAlias:
    """Return rows sent as one JSON parameter; each field has its column's name and type."""
    fields = [column(name, punches.c[name].type) for name in RecordedPunch.model_fields]
    function = func.jsonb_to_recordset(literal(rows, JSONB))
    alias = function.table_valued(*fields, column("raw", Text))
    return alias.render_derived(name="record", with_types=True)


async def raise_version(connection: AsyncConnection, owner: str) -> None:
    """Make the owner's version one that no caller has seen."""
    statement = upsert(versions).values(owner=owner, version=1)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["owner"], set_={"version": versions.c.version + 1}
        )
    )


async def hold_version(connection: AsyncConnection, owner: str) -> int | None:
    """Return the owner's version; it cannot rise before the transaction ends."""
    query = select(versions.c.version).where(versions.c.owner == owner).with_for_update()
    return (await connection.execute(query)).scalar_one_or_none()


async def say_recorded(connection: AsyncConnection, events: Sequence[PunchesRecorded]) -> None:
    """Leave events to the outbox, under ids that are the same each time."""
    said_now = [
        outbox.Said(RECORDED, punch_recorded(each.site, each.device_id), str(each.event_id), each)
        for each in events
    ]
    await outbox.write(connection, said, said_now)


async def keep_names(
    connection: AsyncConnection, read: PeopleRead, names: Mapping[str, str]
) -> None:
    """Set the names of a device's people; what was read later wins, in whatever order it comes."""
    if not names:
        return
    statement = upsert(people)
    statement = statement.on_conflict_do_update(
        index_elements=["owner", "device_id", "user_id"],
        set_={"name": statement.excluded.name, "read_at": statement.excluded.read_at},
        where=people.c.read_at < statement.excluded.read_at,
    )
    same = {"owner": read.owner, "device_id": read.device_id, "read_at": read.read_at}
    rows = [{**same, "user_id": person, "name": name} for person, name in names.items()]
    await connection.execute(statement, rows)
