"""Owners, users, sessions, refresh tokens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "owners",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        _moment("created_at"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, sa.ForeignKey("owners.id"), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False, server_default="true"),
        _moment("created_at"),
        sa.CheckConstraint("role in ('admin', 'user')", name="users_role"),
    )
    op.create_index("users_email", "users", [sa.text("lower(email)")], unique=True)
    op.create_index("users_username", "users", [sa.text("lower(username)")], unique=True)
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"), nullable=False),
        sa.Column("owner", sa.Text, sa.ForeignKey("owners.id"), nullable=False),
        _moment("created_at"),
        _moment("ended_at", nullable=True),
    )
    op.create_index("sessions_ended", "sessions", ["ended_at"])
    op.create_table(
        "refresh_tokens",
        sa.Column("jti", sa.Uuid, primary_key=True),
        sa.Column("session_id", sa.Uuid, sa.ForeignKey("sessions.id"), nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        _moment("expires_at"),
        _moment("used_at", nullable=True),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("headers", postgresql.JSONB, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
