"""The tables of schema devices."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.kit import outbox as kit_outbox

metadata = MetaData()

sites = Table(
    "sites",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Index("sites_of_owner", "owner", "number"),
)

devices = Table(
    "devices",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("owner", Text, nullable=False),
    Column("site", Text, ForeignKey("sites.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("ip", Text, nullable=False),
    Column("port", Integer, nullable=False),
    Column("location", Text, nullable=False),
    Column("serial_number", Text, nullable=False),
    # What the device itself reported at first contact; pinned from then on.
    Column("device_serial", Text),
    Column("dialect", Text, nullable=False),
    Column("zone", Text, nullable=False),
    # Sealed: the key that opens it is not in the database.
    Column("comm_key", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("status", Text, nullable=False),
    # How many operations this device was given; the n of the last one.
    Column("operations", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Index("devices_ip", "owner", "site", "ip", unique=True),
    Index(
        "devices_serial_number",
        "owner",
        "serial_number",
        unique=True,
        postgresql_where=text("serial_number <> ''"),
    ),
    Index("devices_device_serial", "owner", "device_serial", unique=True),
    Index("devices_of_site", "site"),
)

presence = Table(
    "presence",
    metadata,
    Column("device_id", Integer, ForeignKey("devices.id"), primary_key=True),
    Column("owner", Text, nullable=False),
    Column("agent", Text, nullable=False),
    Column("connected", Boolean, nullable=False),
    Column("problem", JSONB(none_as_null=True)),
    Column("heard_at", DateTime(timezone=True), nullable=False),
)

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
    CheckConstraint(
        "status in ('pending', 'sent', 'success', 'failed', 'canceled')", name="operations_status"
    ),
    Index("operations_n", "device_id", "n", unique=True),
    # One sync of a device at a time, whatever asks for it at once.
    Index(
        "operations_one_sync",
        "device_id",
        unique=True,
        postgresql_where=text("kind = 'read_log' and status in ('pending', 'sent')"),
    ),
    Index(
        "operations_open",
        "expires_at",
        postgresql_where=text("status in ('pending', 'sent')"),
    ),
    Index("operations_of_owner", "owner", "kind", "status"),
)

outbox = kit_outbox.table(metadata)
