"""What happens at devices besides punches."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Index, Integer, Table, Text, Uuid

from services.devices.models.base import metadata

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

device_events = Table(
    "device_events",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("device_id", Integer, ForeignKey("devices.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("code", BigInteger),
    Column("device_time", Text, nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False),
    Index("device_events_of_device", "device_id", "read_at", "event_id"),
)
