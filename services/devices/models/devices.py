"""Where devices are, how they are reached and let in, and whether they are there."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.devices.models.base import metadata

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
    # readings.Hardware of one that dials in: its body is pinned from first contact on.
    Column("hardware", JSONB(none_as_null=True)),
    # Where it last dialled in from.
    Column("address", Text),
    # One that dials in has no ip, as many of them as there are.
    Index(
        "devices_ip",
        "owner",
        "site",
        "ip",
        unique=True,
        postgresql_where=text("dialect = 'zk' and removed_at is null"),
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
    # Whoever names a device by its serial may do so in either case.
    Index("devices_upper_serial_number", text("upper(serial_number)")),
    Index("devices_upper_device_serial", text("upper(device_serial)")),
)

paths = Table(
    "paths",
    metadata,
    Column("device_id", Integer, ForeignKey("devices.id"), primary_key=True),
    # Of a token in whose path the device may dial in; the token itself is nowhere.
    Column("digest", Text, primary_key=True),
    # Null for the newest; the ones before it come to their end.
    Column("until", DateTime(timezone=True)),
)

pending = Table(
    "pending",
    metadata,
    Column("site", Text, ForeignKey("sites.id"), primary_key=True),
    # In capitals.
    Column("serial_number", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("dialect", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("hardware", JSONB, nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("first_seen_at", DateTime(timezone=True), nullable=False),
    Column("last_seen_at", DateTime(timezone=True), nullable=False),
    Index("pending_of_owner", "owner", "last_seen_at", "serial_number"),
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
