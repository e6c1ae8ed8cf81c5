"""The tables of attendance's own schema."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.kit import outbox

metadata = MetaData()
_MOMENT = DateTime(timezone=True)

said = outbox.table(metadata)

feeds = Table(
    "feeds",
    metadata,
    Column("site", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    comment="The last position given in each site's record; its row is the site's lock.",
)

versions = Table(
    "versions",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    comment="A number for each owner that rises with every commit that callers could see.",
)

batches = Table(
    "batches",
    metadata,
    Column("journal_id", Uuid, primary_key=True),
    Column("batch_id", Uuid, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("device_id", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("operation_id", Uuid),
    Column("read_at", _MOMENT, nullable=False),
    Column("received_at", _MOMENT, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("recorded", Integer, nullable=False),
    Column("known", Integer, nullable=False),
    Column("ambiguous", Integer, nullable=False),
    comment="Every batch that was committed: what was read, and how much of it was new.",
)

punches = Table(
    "punches",
    metadata,
    # The owner is part of the key, so that nobody can take a punch away from another owner.
    Column("owner", Text, primary_key=True),
    Column("id", Uuid, primary_key=True),
    Column("site", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("device_id", BigInteger, nullable=False),
    Column("serial_number", Text, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("device_time", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("punched_at", _MOMENT),
    Column("received_at", _MOMENT, nullable=False),
    Column("source", Text, nullable=False),
    Column("verify_method", BigInteger),
    Column("in_out_state", BigInteger),
    Column("work_code", Text),
    Column("event", BigInteger),
    Column("raw", LargeBinary, nullable=False),
    Column("clock_error_ms", BigInteger),
    Column("flags", ARRAY(Text), nullable=False),
    UniqueConstraint("site", "position"),
    comment="Every punch, once; the columns are those of its first sight.",
)

_newest_first = (punches.c.punched_at.desc().nulls_last(), punches.c.position.desc())
Index("punches_by_owner", punches.c.owner, *_newest_first)
Index("punches_by_device", punches.c.owner, punches.c.device_id, *_newest_first)
Index("punches_by_user", punches.c.owner, punches.c.user_id, *_newest_first)

people = Table(
    "people",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("device_id", BigInteger, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("read_at", _MOMENT, nullable=False),
    comment="The name that a person has on a device, as it was read last.",
)

app_details = Table(
    "app_details",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("punch_id", Uuid, primary_key=True),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("macs", Text, nullable=False),
    Column("device_name", Text, nullable=False),
    comment="What a phone said of itself and its place when it punched.",
)

images = Table(
    "images",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("punch_id", Uuid, primary_key=True),
    Column("jpeg", LargeBinary, nullable=False),
    comment="Photos taken with punches by phone; apart, for lists never touch them.",
)

forwards = Table(
    "forwards",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("punch_id", Uuid, primary_key=True),
    Column("delivery_id", Uuid, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("is_send", Boolean, nullable=False),
    Column("send_failed", Boolean, nullable=False),
    Column("forwarded_at", _MOMENT),
    Column("response", JSONB(none_as_null=True)),
    Column("last_attempt_error", Text),
    comment="How the forwarding of each punch stands, by the forwarder's news; none: not tried.",
)
