"""The tables of the forwarder's own schema."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.kit import outbox

metadata = MetaData()
_MOMENT = DateTime(timezone=True)

said = outbox.table(metadata)


def _noticed_at() -> Column[object]:
    return Column("noticed_at", _MOMENT, nullable=False, server_default=func.now())


feeds = Table(
    "feeds",
    metadata,
    Column("site", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    comment="The last position heard of each site's record; its row is the site's lock.",
)

inbox = Table(
    "inbox",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("first_position", BigInteger, nullable=False),
    Column("last_position", BigInteger, nullable=False),
    _noticed_at(),
    comment="Every event that was heard, so that a repetition has no effect.",
)

gaps = Table(
    "gaps",
    metadata,
    Column("site", Text, primary_key=True),
    Column("first_position", BigInteger, primary_key=True, autoincrement=False),
    Column("last_position", BigInteger, nullable=False),
    Column("owner", Text, nullable=False),
    _noticed_at(),
    comment="Positions that were recorded and never heard; a late event takes them away again.",
)

targets = Table(
    "targets",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    comment="The last number given to a delivery of each target; its row is the target's lock.",
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("target", Text, nullable=False, comment="'none' while there is nowhere to send it."),
    Column("sequence", BigInteger, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("serial_number", Text, nullable=False),
    Column("records", JSONB, nullable=False),
    Column("punch_ids", ARRAY(Uuid), nullable=False),
    Column("headers", JSONB, nullable=False, comment="The trace that the punches belong to."),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("refusals", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", _MOMENT, nullable=False, server_default=func.now()),
    Column("claimed_until", _MOMENT, comment="While an attempt may be under way."),
    Column("last_error", Text),
    Column("response_status", Integer),
    Column("response", Text),
    Column("created_at", _MOMENT, nullable=False, server_default=func.now()),
    Column("settled_at", _MOMENT),
    UniqueConstraint("target", "sequence"),
    comment="One batch on its way to one target; status pending, delivered or failed.",
)
Index(
    "deliveries_pending",
    deliveries.c.target,
    deliveries.c.sequence,
    postgresql_where=deliveries.c.status == "pending",
)
Index("deliveries_by_punch", deliveries.c.punch_ids, postgresql_using="gin")

withheld = Table(
    "withheld",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("punch_id", Uuid, primary_key=True),
    Column("site", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    _noticed_at(),
    comment="Punches that cannot be forwarded, and why.",
)
