"""What auth is asked and answers, who a caller is, and what each role may do."""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from shared.contracts.message import Instant, Message, OwnerId, Secret


class Permission(StrEnum):
    """What a route or a question demands of its caller."""

    PUBLIC = "public"
    """Anybody, even without a token; the routes that say so are a fixed list in a test."""
    SESSION = "session"
    """Any valid token of a user."""
    USERS_WRITE = "users:write"
    DEVICES_READ = "devices:read"
    DEVICES_WRITE = "devices:write"
    DEVICES_OPERATE = "devices:operate"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    LOG_CLEAR = "log:clear"
    DOORS_UNLOCK = "doors:unlock"
    ATTENDANCE_READ = "attendance:read"
    ATTENDANCE_SYNC = "attendance:sync"
    JOBS_READ = "jobs:read"
    CACHE_CLEAR = "cache:clear"
    BIOMETRICS_READ = "biometrics:read"
    EMPLOYEES_READ = "employees:read"
    EMPLOYEES_WRITE = "employees:write"
    DELIVERIES_READ = "deliveries:read"
    DELIVERIES_RETRY = "deliveries:retry"
    PUNCHES_OWN = "punches:own"
    """To punch with a phone, and to see one's own punches."""


Role = Literal["admin", "user"]

_USER: Final = frozenset(
    {
        Permission.SESSION,
        Permission.DEVICES_READ,
        Permission.PEOPLE_READ,
        Permission.DOORS_UNLOCK,
        Permission.ATTENDANCE_READ,
        Permission.ATTENDANCE_SYNC,
        Permission.JOBS_READ,
    }
)
GRANTS: Final[dict[str, frozenset[Permission]]] = {
    # Nothing of an employee's is a user's, and the other way round: each is 403 to the other.
    "employee": frozenset({Permission.PUNCHES_OWN}),
    "user": _USER,
    "admin": _USER
    | {
        Permission.USERS_WRITE,
        Permission.DEVICES_WRITE,
        Permission.DEVICES_OPERATE,
        Permission.PEOPLE_WRITE,
        Permission.LOG_CLEAR,
        Permission.CACHE_CLEAR,
        Permission.BIOMETRICS_READ,
        Permission.EMPLOYEES_READ,
        Permission.EMPLOYEES_WRITE,
        Permission.DELIVERIES_READ,
        Permission.DELIVERIES_RETRY,
    },
}


class Caller(Message):
    """Who asks: the verified content of an access token."""

    user_id: int
    """0 for an employee."""
    owner: OwnerId
    role: Literal["admin", "user", "employee"]
    email: str
    name: str
    session: str
    employee_id: str | None = None
    enroll_id: str | None = None
    """How devices know the employee who asks."""

    def may(self, permission: Permission) -> bool:
        """Tell whether this caller's role grants the permission."""
        return permission in GRANTS[self.role]


Email = Annotated[
    str,
    StringConstraints(
        pattern=r"^[^@\s\x00-\x1f\x7f-\x9f]{1,64}@[^@\s\x00-\x1f\x7f-\x9f]{1,190}$",
        strip_whitespace=True,
    ),
]
"""Loose on purpose: the documents' own example address has no dot in its domain."""

Password = Annotated[Secret, Field(min_length=1, max_length=256)]


class Login(Message):
    """Exchange e-mail and password for a session."""

    email: Email
    password: Password
    access_seconds: Annotated[int, Field(gt=0, le=86_400)] = 3600
    """How long the access token lives; each API dialect has its own promise."""


class User(Message):
    """A user as others may see it."""

    id: int
    username: str
    email: str
    role: Role
    owner: OwnerId


class Session(Message):
    """A fresh pair of tokens."""

    access_token: Secret
    refresh_token: Secret
    expires_in: int
    user: User
    password_change_advised: bool = False


class Refresh(Message):
    """Exchange a refresh token for a new pair; a used one ends the whole session."""

    refresh_token: Annotated[Secret, Field(min_length=1, max_length=4096)]


class Logout(Message):
    """End the caller's session everywhere."""


class LoggedOut(Message):
    """The session is ended; every service refuses its tokens within 5 seconds."""

    session: str


class RegisterUser(Message):
    """Create a user of the caller's owner."""

    username: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    email: Email
    password: Annotated[Secret, Field(min_length=8, max_length=256)]
    role: Role = "user"


class SigningKey(Message):
    """One public key as auth publishes it in the AUTH bucket under ``key.<kid>``."""

    kid: str
    public_pem: str
    since: Instant
