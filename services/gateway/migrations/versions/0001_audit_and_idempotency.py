"""The audit trail, which only grows, and the idempotency keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("device_id", sa.Integer, nullable=False),
        sa.Column("details", postgresql.JSONB, nullable=False),
        sa.Column("asked", sa.BigInteger, sa.ForeignKey("audit.id")),
        sa.Column("outcome", sa.Text),
        sa.Column("number", sa.Text),
        sa.UniqueConstraint("owner", "number"),
    )
    op.create_index("audit_owner", "audit", ["owner", "id"])
    # Insert-only: not even the gateway itself can change what it once wrote.
    op.execute("revoke update, delete, truncate on audit from muster_gateway")
    op.create_table(
        "audit_days",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("last", sa.Integer, nullable=False),
    )
    op.create_table(
        "idempotency",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Integer, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", postgresql.JSONB),
    )
    op.create_index("idempotency_age", "idempotency", ["created_at"])
