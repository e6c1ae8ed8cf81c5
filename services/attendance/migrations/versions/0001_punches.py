"""Punches, the batches they came in, positions, versions, names."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("headers", JSONB, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "feeds",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        comment="The last position given in each site's record; its row is the site's lock.",
    )
    op.create_table(
        "versions",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        comment="A number for each owner that rises with every commit that callers could see.",
    )
    op.create_table(
        "people",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("device_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("read_at", _MOMENT, nullable=False),
        comment="The name that a person has on a device, as it was read last.",
    )
    _batches()
    _punches()


def _batches() -> None:
    op.create_table(
        "batches",
        sa.Column("journal_id", sa.Uuid, primary_key=True),
        sa.Column("batch_id", sa.Uuid, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("device_id", sa.BigInteger, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("operation_id", sa.Uuid),
        sa.Column("read_at", _MOMENT, nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("recorded", sa.Integer, nullable=False),
        sa.Column("known", sa.Integer, nullable=False),
        sa.Column("ambiguous", sa.Integer, nullable=False),
        comment="Every batch that was committed: what was read, and how much of it was new.",
    )


def _punches() -> None:
    op.create_table(
        "punches",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("device_id", sa.BigInteger, nullable=False),
        sa.Column("serial_number", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("device_time", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("punched_at", _MOMENT),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("verify_method", sa.BigInteger),
        sa.Column("in_out_state", sa.BigInteger),
        sa.Column("work_code", sa.Text),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("clock_error_ms", sa.BigInteger),
        sa.Column("flags", sa.ARRAY(sa.Text), nullable=False),
        sa.UniqueConstraint("site", "position"),
        comment="Every punch, once; the columns are those of its first sight.",
    )
    newest_first = (sa.text("punched_at desc nulls last"), sa.text("position desc"))
    op.create_index("punches_by_owner", "punches", ["owner", *newest_first])
    op.create_index("punches_by_device", "punches", ["owner", "device_id", *newest_first])
    op.create_index("punches_by_user", "punches", ["owner", "user_id", *newest_first])
