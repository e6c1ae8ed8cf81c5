"""Idempotency keys belong to callers: employees have them too."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The number of a user stays what it is, as text; an employee's id is 24 digits long.
    op.execute("alter table idempotency alter column user_id type text using user_id::text")
    op.alter_column("idempotency", "user_id", new_column_name="caller")
