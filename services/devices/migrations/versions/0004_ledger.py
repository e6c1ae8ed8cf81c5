"""The ledger as callers see it, lasting operations, and people with all they are known by.

Code of revision 0003 still runs on this: nothing is taken away, and what is new has a default.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("said", "enrolment"):
        op.add_column("operations", sa.Column(name, JSONB))
    op.add_column("operations", sa.Column("lasts_until", sa.DateTime(timezone=True)))
    op.add_column(
        "operations",
        sa.Column("counted", sa.Boolean, nullable=False, server_default=sa.text("false")),
    )
    op.create_index("operations_newest", "operations", ["owner", "created_at", "id"])
    op.add_column("device_users", sa.Column("alias", sa.Text))
    op.add_column(
        "device_users",
        sa.Column(
            "credentials", sa.ARRAY(sa.Integer), nullable=False, server_default=sa.text("'{}'")
        ),
    )
    op.add_column(
        "templates", sa.Column("algorithm", sa.Text, nullable=False, server_default=sa.text("''"))
    )
