"""Devices that dial in: told by their serial, approved, bound to their body and to a path.

Code of revision 0002 still runs on this: nothing is taken away, and what is new has a default.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("devices", sa.Column("hardware", JSONB))
    op.add_column("devices", sa.Column("address", sa.Text))
    op.drop_index("devices_ip", "devices")
    op.create_index(
        "devices_ip",
        "devices",
        ["owner", "site", "ip"],
        unique=True,
        postgresql_where=sa.text("dialect = 'zk' and removed_at is null"),
    )
    for name in ("serial_number", "device_serial"):
        op.create_index(f"devices_upper_{name}", "devices", [sa.text(f"upper({name})")])
    op.create_table(
        "paths",
        sa.Column("device_id", sa.Integer, sa.ForeignKey("devices.id"), primary_key=True),
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("until", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "pending",
        sa.Column("site", sa.Text, sa.ForeignKey("sites.id"), primary_key=True),
        sa.Column("serial_number", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("dialect", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("hardware", JSONB, nullable=False),
        sa.Column("times", sa.BigInteger, nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("pending_of_owner", "pending", ["owner", "last_seen_at", "serial_number"])
    op.create_table(
        "device_events",
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("device_id", sa.Integer, sa.ForeignKey("devices.id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("code", sa.BigInteger),
        sa.Column("device_time", sa.Text, nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index(
        "device_events_of_device", "device_events", ["device_id", "read_at", "event_id"]
    )
