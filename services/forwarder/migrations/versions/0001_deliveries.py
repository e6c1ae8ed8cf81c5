"""Deliveries, the events they come from, gaps, what is withheld."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

_MOMENT = sa.DateTime(timezone=True)


def _now(name: str) -> sa.Column[object]:
    return sa.Column(name, _MOMENT, nullable=False, server_default=sa.func.now())


def upgrade() -> None:
    op.create_table(
        "feeds",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        comment="The last position heard of each site's record; its row is the site's lock.",
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("first_position", sa.BigInteger, nullable=False),
        sa.Column("last_position", sa.BigInteger, nullable=False),
        _now("noticed_at"),
        comment="Every event that was heard, so that a repetition has no effect.",
    )
    op.create_table(
        "gaps",
        sa.Column("site", sa.Text, primary_key=True),
        sa.Column("first_position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("last_position", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        _now("noticed_at"),
        comment="Positions that were recorded and never heard; a late event takes them away again.",
    )
    op.create_table(
        "withheld",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("punch_id", sa.Uuid, primary_key=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        _now("noticed_at"),
        comment="Punches that cannot be forwarded, and why.",
    )
    _deliveries()


def _deliveries() -> None:
    op.create_table(
        "targets",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        comment="The last number given to a delivery of each target; its row is the target's lock.",
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("serial_number", sa.Text, nullable=False),
        sa.Column("records", JSONB, nullable=False),
        sa.Column("punch_ids", sa.ARRAY(sa.Uuid), nullable=False),
        sa.Column(
            "headers", JSONB, nullable=False, comment="The trace that the punches belong to."
        ),
        sa.Column("status", sa.Text, nullable=False, server_default="pending"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("refusals", sa.Integer, nullable=False, server_default="0"),
        _now("next_attempt_at"),
        sa.Column("last_error", sa.Text),
        sa.Column("response_status", sa.Integer),
        sa.Column("response", sa.Text),
        _now("created_at"),
        sa.Column("settled_at", _MOMENT),
        sa.UniqueConstraint("target", "sequence"),
        comment="One batch on its way to one target; status pending, delivered or failed.",
    )
    op.create_index(
        "deliveries_pending",
        "deliveries",
        ["target", "sequence"],
        postgresql_where=sa.text("status = 'pending'"),
    )
