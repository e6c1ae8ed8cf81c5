"""Every action in the ledger; devices change and go; people, templates and alarms are kept.

Code of revision 0001 still runs on this: nothing is taken away, and what is new has a default.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sites", sa.Column("heard_at", sa.DateTime(timezone=True)))
    _devices()
    _operations()
    _people()
    _custody()
    _alarms()


def _devices() -> None:
    op.add_column(
        "devices", sa.Column("wire", JSONB, nullable=False, server_default=sa.text("'{}'"))
    )
    op.add_column("devices", sa.Column("removed_at", sa.DateTime(timezone=True)))
    unique = {
        "devices_ip": (["owner", "site", "ip"], "removed_at is null"),
        "devices_serial_number": (
            ["owner", "serial_number"],
            "serial_number <> '' and removed_at is null",
        ),
        "devices_device_serial": (["owner", "device_serial"], "removed_at is null"),
    }
    for name, (columns, where) in unique.items():
        op.drop_index(name, "devices")
        op.create_index(name, "devices", columns, unique=True, postgresql_where=sa.text(where))


def _operations() -> None:
    op.add_column(
        "operations", sa.Column("action", JSONB, nullable=False, server_default=sa.text("'{}'"))
    )
    op.add_column("operations", sa.Column("sealed", sa.Text))
    op.add_column("operations", sa.Column("result", JSONB))
    for name in ("total", "done"):
        op.add_column(
            "operations",
            sa.Column(name, sa.BigInteger, nullable=False, server_default=sa.text("0")),
        )
    op.add_column("operations", sa.Column("after", sa.Uuid, sa.ForeignKey("operations.id")))
    op.create_index(
        "operations_after",
        "operations",
        ["after"],
        postgresql_where=sa.text("after is not null"),
    )
    op.drop_index("operations_one_sync", "operations")
    op.create_index(
        "operations_one_open",
        "operations",
        ["device_id", "kind"],
        unique=True,
        postgresql_where=sa.text(
            "kind in ('read_log', 'clear_log', 'read_users') and status in ('pending', 'sent')"
        ),
    )


def _people() -> None:
    op.create_table(
        "device_users",
        sa.Column("device_id", sa.Integer, sa.ForeignKey("devices.id"), primary_key=True),
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("privilege", sa.Text, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("card", sa.BigInteger),
        sa.Column("group_", sa.Integer),
        sa.Column("has_password", sa.Boolean, nullable=False),
        sa.Column("uid", sa.Integer),
        sa.Column("reading_id", sa.Uuid, nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("device_users_of_owner", "device_users", ["owner", "device_id", "user_id"])
    op.create_table(
        "people_versions",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("told", sa.BigInteger, nullable=False),
    )


def _custody() -> None:
    op.create_table(
        "data_keys",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("wrapped", sa.Text, nullable=False),
    )
    op.create_table(
        "templates",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("device_id", sa.Integer, sa.ForeignKey("devices.id"), primary_key=True),
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("finger", sa.Integer, primary_key=True),
        sa.Column("flag", sa.Integer, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
    )


def _alarms() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("device_id", sa.Integer, sa.ForeignKey("devices.id"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
    )
    op.create_index("alarms_of_device", "alarms", ["device_id", "at", "id"])
