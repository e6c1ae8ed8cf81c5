"""News of deliveries, and attempts at one delivery out of its turn."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"


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
    op.add_column("deliveries", sa.Column("site", sa.Text))
    op.execute(
        "update deliveries set site = inbox.site from inbox"
        " where inbox.event_id = deliveries.event_id"
    )
    op.alter_column("deliveries", "site", nullable=False)
    op.alter_column("deliveries", "target", comment="'none' while there is nowhere to send it.")
    op.add_column(
        "deliveries",
        sa.Column(
            "claimed_until",
            sa.DateTime(timezone=True),
            comment="While an attempt may be under way.",
        ),
    )
    op.create_index("deliveries_by_punch", "deliveries", ["punch_ids"], postgresql_using="gin")
