"""The outbox: what a service says is written in the transaction of what it did, then relayed.

Rows leave oldest first and a row is deleted only when the broker has stored its message, so a
message is said at least once; its id is the same each time, so the stream keeps it once within its
window. A stream that is full, gone or forbidden keeps its own rows waiting, and nobody else's.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, NoReturn

import nats.errors
import psycopg
from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    delete,
    insert,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.contracts.message import Message
from shared.contracts.streams import StreamSpec
from shared.kit import telemetry
from shared.kit.bus import Bus, living
from shared.kit.db import UNAVAILABLE, connect_options, url_of
from shared.kit.denials import PublishDeniedError
from shared.kit.logging import get_logger
from shared.kit.settings import DatabaseSettings

log = get_logger(__name__)

_AT_ONCE: Final = 200
_POLL_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 0.5
_LOCK: Final = 0x6F757462
"""Session lock: one relay a schema is active, so order holds with many replicas."""


def table(metadata: MetaData) -> Table:
    """Return the outbox table of a service's schema."""
    return Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("message_id", Text, nullable=False),
        Column("stream", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("body", LargeBinary, nullable=False),
    )


class Said(NamedTuple):
    """One thing to be said, for ``life`` seconds if any; the id makes a repetition harmless."""

    stream: StreamSpec
    subject: str
    message_id: str
    message: Message
    life: int = 0


async def write(connection: AsyncConnection, outbox: Table, said: Sequence[Said]) -> None:
    """Write messages in the caller's transaction; the relay wakes when it commits."""
    if not said:
        return
    headers = telemetry.carry({"correlation_id": said[0].message_id})
    rows = [
        {
            "message_id": each.message_id,
            "stream": each.stream.name,
            "subject": each.subject,
            "headers": headers | living(each.life),
            "body": each.message.model_dump_json().encode(),
        }
        for each in said
    ]
    await connection.execute(insert(outbox), rows)
    await connection.execute(text("select pg_notify(current_schema() || '_outbox', '')"))


class Relay:
    """Carries the rows of one schema's outbox to the broker."""

    def __init__(
        self,
        service: str,
        settings: DatabaseSettings,
        engine: AsyncEngine,
        outbox: Table,
        bus: Bus,
        streams: Sequence[StreamSpec],
    ) -> None:
        self._service = service
        self._settings = settings
        self._engine = engine
        self._outbox = outbox
        self._bus = bus
        self._streams = {each.name: each for each in streams}

    async def run(self) -> NoReturn:
        """Relay for ever; a database or broker that is away is waited for."""
        while True:
            try:
                await self._as_the_only_one()
            except (*UNAVAILABLE, psycopg.Error) as error:
                log.warning("outbox waits for the database", error=repr(error)[:300])
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _as_the_only_one(self) -> NoReturn:
        url = url_of(self._settings).set(drivername="postgresql")
        conninfo = url.render_as_string(hide_password=False)
        options: dict[str, Any] = connect_options(self._service)
        async with await psycopg.AsyncConnection.connect(
            conninfo, autocommit=True, **options
        ) as own:
            # Waits for as long as another replica holds it; Postgres frees it with its holder.
            await own.execute("set statement_timeout = 0; set lock_timeout = 0")
            await own.execute("select pg_advisory_lock(%s, hashtext(%s))", (_LOCK, self._service))
            await own.execute(f'listen "{self._service}_outbox"'.encode())
            while True:
                if not await self._relay_some():
                    async for _ in own.notifies(timeout=_POLL_SECONDS, stop_after=1):
                        pass

    async def _relay_some(self) -> bool:
        """Relay the oldest rows of every stream; return whether more may be waiting."""
        async with self._engine.connect() as connection:
            rows = (await connection.execute(_oldest(self._outbox))).all()
        if not rows:
            return False
        answers = await asyncio.gather(*(self._say(row) for row in rows), return_exceptions=True)
        stored: list[int] = []
        failed: dict[str, BaseException] = {}
        for row, answer in zip(rows, answers, strict=True):
            if isinstance(answer, BaseException):
                failed.setdefault(row.stream, answer)
            elif row.stream not in failed:
                # Only a stream's clean prefix: what follows a failure is said again behind it.
                # The stream may have stored some of that already, so after a failure a reader
                # can meet later rows first, or again once the window of their ids is over.
                stored.append(row.id)
        async with self._engine.begin() as connection:
            await connection.execute(delete(self._outbox).where(self._outbox.c.id.in_(stored)))
        if failed:
            await self._failed(failed)
        return True

    async def _say(self, row: Any) -> None:
        await self._bus.publish(
            self._streams[row.stream],
            row.subject,
            row.body,
            message_id=row.message_id,
            headers=row.headers,
        )

    async def _failed(self, failed: dict[str, BaseException]) -> None:
        for stream, error in failed.items():
            if not isinstance(error, (nats.errors.Error, PublishDeniedError, TimeoutError)):
                raise error
            log.warning("outbox waits for the broker", stream=stream, error=repr(error)[:300])
        await asyncio.sleep(_PAUSE_SECONDS)


def _oldest(outbox: Table) -> Select[Any]:
    # So many of each stream: those of one that is stuck must not fill the round.
    waiting = select(outbox.c.stream).distinct().subquery()
    first = (
        select(outbox)
        .where(outbox.c.stream == waiting.c.stream)
        .order_by(outbox.c.id)
        .limit(_AT_ONCE)
        .lateral()
    )
    return select(first).select_from(waiting.join(first, true())).order_by(first.c.id)
