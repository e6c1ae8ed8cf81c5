"""Employees and their sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "employees",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, sa.ForeignKey("owners.id"), nullable=False),
        *map(_text, ("enroll_id", "person", "username", "password", "full_name", "phone", "email")),
        *map(_flag, ("is_active", "can_login_app", "can_view_fingerprint")),
        _moment("created_at"),
        _moment("updated_at"),
    )
    op.create_index("employees_username", "employees", [sa.text("lower(username)")], unique=True)
    op.create_index("employees_person", "employees", ["owner", "person"], unique=True)
    op.create_table(
        "employee_sessions",
        sa.Column("id", sa.Uuid, primary_key=True),
        _text("employee_id"),
        sa.Column("owner", sa.Text, sa.ForeignKey("owners.id"), nullable=False),
        _moment("created_at"),
        _moment("expires_at"),
        _moment("ended_at", nullable=True),
    )
    op.create_index("employee_sessions_of", "employee_sessions", ["employee_id"])
    op.create_index("employee_sessions_expires", "employee_sessions", ["expires_at"])
