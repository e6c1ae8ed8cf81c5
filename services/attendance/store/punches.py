"""Batches, punches, names: each function does its part of the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import TableValuedAlias, Text, column, func, insert, literal, select, update
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


async def find_batch(connection: AsyncConnection, batch: PunchBatch) -> Counts | None:
    """Return what is on record of a batch, None when it is new."""
    query = select(batches.c.content, batches.c.recorded, batches.c.known).where(
        batches.c.journal_id == batch.journal_id, batches.c.batch_id == batch.batch_id
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Counts(*row)


async def known_ids(connection: AsyncConnection, owner: str, ids: Sequence[UUID]) -> set[UUID]:
    """Return which of the ids are punches of the owner already."""
    query = select(punches.c.id).where(
        punches.c.owner == owner, punches.c.id == func.any(list(ids))
    )
    return set((await connection.execute(query)).scalars())


async def insert_batch(
    connection: AsyncConnection,
    batch: PunchBatch,
    received_at: datetime,
    counts: Counts,
    ambiguous: int,
) -> None:
    """Put a batch on record."""
    statement = insert(batches).values(
        journal_id=batch.journal_id,
        batch_id=batch.batch_id,
        owner=batch.owner,
        site=batch.site,
        device_id=batch.device_id,
        epoch=batch.epoch,
        source=batch.source,
        operation_id=batch.operation_id,
        read_at=batch.read_at,
        received_at=received_at,
        ambiguous=ambiguous,
        **counts._asdict(),
    )
    await connection.execute(statement)


async def insert_punches(
    connection: AsyncConnection,
    batch: PunchBatch,
    received_at: datetime,
    fresh: Sequence[tuple[RecordedPunch, bytes]],
) -> None:
    """Record new punches and move the site's last position; the feed must be locked."""
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


async def say_recorded(connection: AsyncConnection, event: PunchesRecorded) -> None:
    """Leave the event to the outbox, under an id that is the same each time."""
    subject = punch_recorded(event.site, event.device_id)
    await outbox.write(
        connection, said, [outbox.Said(RECORDED, subject, str(event.event_id), event)]
    )


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
