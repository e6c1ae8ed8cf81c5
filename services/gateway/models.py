"""The tables of schema gateway."""

from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("owner", Text, nullable=False),
    Column("user_id", Integer, nullable=False),
    Column("email", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("device_id", Integer, nullable=False),
    Column("details", JSONB, nullable=False),
    # Set in the row that says how it ended; one without such a row has an unknown end.
    Column("asked", BigInteger, ForeignKey("audit.id")),
    Column("outcome", Text),
    Column("number", Text),
    UniqueConstraint("owner", "number"),
)
Index("audit_owner", audit.c.owner, audit.c.id)

audit_days = Table(
    "audit_days",
    metadata,
    # Each owner counts its own doors: a number tells nothing about anybody else's.
    Column("owner", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("last", Integer, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("owner", Text, primary_key=True),
    # A user by number, an employee by their id; neither looks like the other.
    Column("caller", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("answer", JSONB),  # null while the first request with this key runs
)
Index("idempotency_age", idempotency.c.created_at)
