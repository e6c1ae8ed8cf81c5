"""The tables of schema auth."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
)

from shared.kit import outbox as kit_outbox

metadata = MetaData()

owners = Table(
    "owners",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("username", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("password", Text, nullable=False),  # the hash, never the word itself
    Column("role", Text, nullable=False),
    Column("owner", Text, ForeignKey(owners.c.id), nullable=False),
    Column("active", Boolean, nullable=False, server_default="true"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("role in ('admin', 'user')", name="users_role"),
)
Index("users_email", func.lower(users.c.email), unique=True)
Index("users_username", func.lower(users.c.username), unique=True)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Integer, ForeignKey(users.c.id), nullable=False),
    Column("owner", Text, ForeignKey(owners.c.id), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
)
Index("sessions_ended", sessions.c.ended_at)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("jti", Uuid, primary_key=True),
    Column("session_id", Uuid, ForeignKey(sessions.c.id), nullable=False),
    Column("owner", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
)

employees = Table(
    "employees",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, ForeignKey(owners.c.id), nullable=False),
    Column("enroll_id", Text, nullable=False),
    # The one spelling of the enroll_id: what devices hold as 42 and as 0042 is one person.
    Column("person", Text, nullable=False),
    Column("username", Text, nullable=False),
    Column("password", Text, nullable=False),  # the hash, never the word itself
    Column("full_name", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("can_login_app", Boolean, nullable=False),
    Column("can_view_fingerprint", Boolean, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)
Index("employees_username", func.lower(employees.c.username), unique=True)
Index("employees_person", employees.c.owner, employees.c.person, unique=True)

employee_sessions = Table(
    "employee_sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    # No foreign key: an employee's sessions outlive the employee until their tokens have run out.
    Column("employee_id", Text, nullable=False),
    Column("owner", Text, ForeignKey(owners.c.id), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True)),
)
Index("employee_sessions_of", employee_sessions.c.employee_id)
Index("employee_sessions_expires", employee_sessions.c.expires_at)

outbox = kit_outbox.table(metadata)
