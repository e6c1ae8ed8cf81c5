"""Whom devices know, and by what."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
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

from services.devices.models.base import metadata

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
    Column("alias", Text),
    Column("credentials", ARRAY(Integer), nullable=False, server_default=text("'{}'")),
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
    # What made it; only devices of the same can use it. Empty: not known, or nothing.
    Column("algorithm", Text, nullable=False, server_default=text("''")),
    Column("size", Integer, nullable=False),
    # Under the owner's data key.
    Column("sealed", Text, nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False),
    # Which of the device's operations read it; 0 when the device told it unasked.
    Column("n", BigInteger, nullable=False),
)
