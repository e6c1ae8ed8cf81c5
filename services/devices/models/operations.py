"""What is asked of devices, and what is to be said."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.devices.models.base import metadata
from shared.kit import outbox as kit_outbox

operations = Table(
    "operations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("device_id", Integer, ForeignKey("devices.id"), nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("job_id", Text, unique=True),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("sent_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("read", BigInteger, nullable=False),
    Column("receipted", BigInteger, nullable=False),
    Column("recorded", BigInteger, nullable=False),
    Column("problem", JSONB(none_as_null=True)),
    Column("requested_by", Text, nullable=False),
    # What was asked, secrets masked; a row of the first version holds its kind only.
    Column("action", JSONB, nullable=False, server_default=text("'{}'")),
    # The same with its secrets, under the owner's data key, until the operation ends; then ''.
    Column("sealed", Text),
    Column("result", JSONB(none_as_null=True)),
    Column("total", BigInteger, nullable=False, server_default=text("0")),
    Column("done", BigInteger, nullable=False, server_default=text("0")),
    # The operation whose success it waits for.
    Column("after", Uuid, ForeignKey("operations.id")),
    # The device's own answer, and how an enrolment goes on that was only begun.
    Column("said", JSONB(none_as_null=True)),
    Column("enrolment", JSONB(none_as_null=True)),
    # Until when it waits for a device that is away; null: it fails instead.
    Column("lasts_until", DateTime(timezone=True)),
    # Whether ``attempts`` counts the next attempt already: so it is from a retry to its start.
    Column("counted", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint(
        "status in ('pending', 'sent', 'success', 'failed', 'canceled')", name="operations_status"
    ),
    Index("operations_n", "device_id", "n", unique=True),
    # One of a device at a time, whatever asks for it at once: the single kinds of SPECS.
    Index(
        "operations_one_open",
        "device_id",
        "kind",
        unique=True,
        postgresql_where=text(
            "kind in ('read_log', 'clear_log', 'read_users') and status in ('pending', 'sent')"
        ),
    ),
    Index("operations_after", "after", postgresql_where=text("after is not null")),
    Index(
        "operations_open",
        "expires_at",
        postgresql_where=text("status in ('pending', 'sent')"),
    ),
    Index("operations_of_owner", "owner", "kind", "status"),
    Index("operations_newest", "owner", "created_at", "id"),
)

outbox = kit_outbox.table(metadata)
