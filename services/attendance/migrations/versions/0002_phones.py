"""Punches by phone: what is known besides, photos, and how punches were forwarded."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"


def _key() -> tuple[sa.Column[object], sa.Column[object]]:
    return (
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("punch_id", sa.Uuid, primary_key=True),
    )


def upgrade() -> None:
    op.add_column("punches", sa.Column("event", sa.BigInteger))
    op.create_table(
        "app_details",
        *_key(),
        sa.Column("latitude", sa.Double),
        sa.Column("longitude", sa.Double),
        sa.Column("macs", sa.Text, nullable=False),
        sa.Column("device_name", sa.Text, nullable=False),
        comment="What a phone said of itself and its place when it punched.",
    )
    op.create_table(
        "images",
        *_key(),
        sa.Column("jpeg", sa.LargeBinary, nullable=False),
        comment="Photos taken with punches by phone; apart, for lists never touch them.",
    )
    op.create_table(
        "forwards",
        *_key(),
        sa.Column("delivery_id", sa.Uuid, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("is_send", sa.Boolean, nullable=False),
        sa.Column("send_failed", sa.Boolean, nullable=False),
        sa.Column("forwarded_at", sa.DateTime(timezone=True)),
        sa.Column("response", JSONB),
        sa.Column("last_attempt_error", sa.Text),
        comment="How the forwarding of each punch stands, by the forwarder's news; none: not tried.",
    )
