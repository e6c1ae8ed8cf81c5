"""Sites, devices, their presence and operations, and what is to be said of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sites",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
    )
    op.create_index("sites_of_owner", "sites", ["owner", "number"])
    _devices()
    op.create_table(
        "presence",
        sa.Column("device_id", sa.Integer, sa.ForeignKey("devices.id"), primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("connected", sa.Boolean, nullable=False),
        sa.Column("problem", JSONB),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
    )
    _operations()
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("headers", JSONB, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def _devices() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("site", sa.Text, sa.ForeignKey("sites.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("ip", sa.Text, nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("serial_number", sa.Text, nullable=False),
        sa.Column("device_serial", sa.Text),
        sa.Column("dialect", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("comm_key", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("operations", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("devices_ip", "devices", ["owner", "site", "ip"], unique=True)
    op.create_index(
        "devices_serial_number",
        "devices",
        ["owner", "serial_number"],
        unique=True,
        postgresql_where=sa.text("serial_number <> ''"),
    )
    op.create_index("devices_device_serial", "devices", ["owner", "device_serial"], unique=True)
    op.create_index("devices_of_site", "devices", ["site"])


def _operations() -> None:
    op.create_table(
        "operations",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("device_id", sa.Integer, sa.ForeignKey("devices.id"), nullable=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("job_id", sa.Text, unique=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("read", sa.BigInteger, nullable=False),
        sa.Column("receipted", sa.BigInteger, nullable=False),
        sa.Column("recorded", sa.BigInteger, nullable=False),
        sa.Column("problem", JSONB),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.CheckConstraint(
            "status in ('pending', 'sent', 'success', 'failed', 'canceled')",
            name="operations_status",
        ),
    )
    op.create_index("operations_n", "operations", ["device_id", "n"], unique=True)
    op.create_index(
        "operations_one_sync",
        "operations",
        ["device_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'read_log' and status in ('pending', 'sent')"),
    )
    op.create_index(
        "operations_open",
        "operations",
        ["expires_at"],
        postgresql_where=sa.text("status in ('pending', 'sent')"),
    )
    op.create_index("operations_of_owner", "operations", ["owner", "kind", "status"])
