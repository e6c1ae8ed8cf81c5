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
    # When an agent of the site last said anything.
    Column("heard_at", DateTime(timezone=True)),
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
    # How it is spoken to: the fields of agents.Wire; what is not there is as by default.
    Column("wire", JSONB, nullable=False, server_default=text("'{}'")),
    # The row stays, for operations and punches name it; its address and serials are free again.
    Column("removed_at", DateTime(timezone=True)),
    Index(
        "devices_ip",
        "owner",
        "site",
        "ip",
        unique=True,
        postgresql_where=text("removed_at is null"),
    ),
    Index(
        "devices_serial_number",
        "owner",
        "serial_number",
        unique=True,
        postgresql_where=text("serial_number <> '' and removed_at is null"),
    ),
    Index(
        "devices_device_serial",
        "owner",
        "device_serial",
        unique=True,
        postgresql_where=text("removed_at is null"),
    ),
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
    # What was asked, secrets masked; a row of the first version holds its kind only.
    Column("action", JSONB, nullable=False, server_default=text("'{}'")),
    # The same with its secrets, under the owner's data key, until the operation ends; then ''.
    Column("sealed", Text),
    Column("result", JSONB(none_as_null=True)),
    Column("total", BigInteger, nullable=False, server_default=text("0")),
    Column("done", BigInteger, nullable=False, server_default=text("0")),
    # The operation whose success it waits for.
    Column("after", Uuid, ForeignKey("operations.id")),
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
)

device_users = Table(
    "device_users",
    metadata,
    Column("device_id", Integer, ForeignKey("devices.id"), primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("privilege", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("card", BigInteger),
    Column("group_", Integer),
    Column("has_password", Boolean, nullable=False),
    Column("uid", Integer),
    Column("reading_id", Uuid, nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False),
    Index("device_users_of_owner", "owner", "device_id", "user_id"),
)

people_versions = Table(
    "people_versions",
    metadata,
    Column("owner", Text, primary_key=True),
    # Rises with every change of the owner's people; ``told`` is the last the bucket was told.
    Column("version", BigInteger, nullable=False),
    Column("told", BigInteger, nullable=False),
)

data_keys = Table(
    "data_keys",
    metadata,
    Column("owner", Text, primary_key=True),
    # Sealed: the key-encryption key is not in the database.
    Column("wrapped", Text, nullable=False),
)

templates = Table(
    "templates",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("device_id", Integer, ForeignKey("devices.id"), primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("finger", Integer, primary_key=True),
    Column("flag", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    # Under the owner's data key.
    Column("sealed", Text, nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False),
    # Which of the device's operations read it.
    Column("n", BigInteger, nullable=False),
)

alarms = Table(
    "alarms",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("device_id", Integer, ForeignKey("devices.id"), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("code", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Index("alarms_of_device", "device_id", "at", "id"),
)

outbox = kit_outbox.table(metadata)
