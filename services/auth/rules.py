"""What auth decides: which password is good, what a refresh token is worth, who must wait."""

import ipaddress
import math
from collections import OrderedDict
from datetime import datetime
from enum import Enum, auto
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher
from pydantic import BaseModel

from shared.contracts.auth import Email, Password
from shared.contracts.employees import LONGEST_SESSION, Employee
from shared.contracts.message import OwnerId

EXAMPLE_EMAIL: Final = "admin@timmy.local"
EXAMPLE_USERNAME: Final = "emp-86359.mo"
EXAMPLE_PASSWORDS: Final = frozenset({"admin123", "danish123", "password123"})
"""The passwords printed in the two API documents: everybody knows them."""

# OWASP's first recommendation: as hard as argon2's defaults, and many logins at once fit in memory.
_ARGON2: Final = Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_HASHER: Final = PasswordHash((_ARGON2, BcryptHasher()))
_BCRYPT_LIMIT: Final = 72
_STRONG_LENGTH: Final = 10

ENDED_SECONDS: Final = 25 * 3600
"""How long the end of a session is told: no access token, of a day at most, outlives it."""
ENDED_EMPLOYEE_SECONDS: Final = LONGEST_SESSION + 3600
"""The same of an employee's session."""


# ── passwords ────────────────────────────────────────────────────────────────


def hash_password(password: str) -> str:
    """Return the argon2id hash; slow on purpose."""
    return _HASHER.hash(password)


def check_password(password: str, known: str) -> tuple[bool, str | None]:
    """Return whether it matches, and a better hash when the known one is of an older kind."""
    # bcrypt never looked further than 72 bytes, and its library refuses longer ones.
    if known.startswith("$2"):
        good, better = _HASHER.verify_and_update(password.encode()[:_BCRYPT_LIMIT], known)
        return good, hash_password(password) if better else None
    return _HASHER.verify_and_update(password, known)


def is_weak(password: str, email: str) -> bool:
    """Tell whether the password's holder should be advised to change it."""
    simple = password.isdigit() or password.isalpha()
    named = email.partition("@")[0].lower() in password.lower()
    return len(password) < _STRONG_LENGTH or simple or named or password in EXAMPLE_PASSWORDS


# ── employees ────────────────────────────────────────────────────────────────


def is_barred(employee: Employee) -> bool:
    """Tell whether an employee may not use the app, whatever password or token they have."""
    return not (employee.is_active and employee.permissions.can_login_app)


# ── refresh tokens ───────────────────────────────────────────────────────────


class Worth(Enum):
    """What a refresh token is worth."""

    GOOD = auto()
    REUSED = auto()
    """It was used before: one of its two holders stole it, so its session must end."""
    DEAD = auto()


def worth_of(
    used_at: datetime | None, ended_at: datetime | None, expires_at: datetime, now: datetime
) -> Worth:
    """Judge a refresh token that auth did issue."""
    if ended_at is not None:
        return Worth.DEAD
    if used_at is not None:
        return Worth.REUSED
    return Worth.GOOD if now < expires_at else Worth.DEAD


# ── failed logins ────────────────────────────────────────────────────────────


class FailedLogins:
    """A leaky bucket for each e-mail: a burst of failures, then one more every few seconds.

    Whoever was locked out by another's guessing waits a few seconds, never longer; one success
    empties the bucket. Unknown e-mails count alike, so the answer tells nothing about them.
    """

    BURST: Final = 20
    SECONDS_EACH: Final = 10.0
    _EMAILS: Final = 10_000

    def __init__(self) -> None:
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, email: str, now: float) -> int:
        """Return the whole seconds until the next attempt is allowed; 0 means now."""
        over = self._level(email, now) - self.BURST + 1
        return max(0, math.ceil(over * self.SECONDS_EACH))

    def failed(self, email: str, now: float) -> None:
        """Count a failure."""
        self._levels[email] = (self._level(email, now) + 1, now)
        self._levels.move_to_end(email)
        while len(self._levels) > self._EMAILS:
            self._levels.popitem(last=False)

    def succeeded(self, email: str) -> None:
        """Forget the failures."""
        self._levels.pop(email, None)

    def _level(self, email: str, now: float) -> float:
        level, at = self._levels.get(email, (0.0, now))
        return max(0.0, level - (now - at) / self.SECONDS_EACH)


# ── the bootstrap file ───────────────────────────────────────────────────────


class FirstAdmin(BaseModel):
    """An owner's first administrator."""

    username: str
    email: Email
    password: Password


class FirstOwner(BaseModel):
    """An owner to be there from the start."""

    id: OwnerId
    name: str
    admin: FirstAdmin


class Bootstrap(BaseModel):
    """What must be there from the start; other services read other parts of the same file."""

    owners: tuple[FirstOwner, ...] = ()


def has_examples(bootstrap: Bootstrap) -> bool:
    """Tell whether the file holds credentials that are printed in the documents."""
    return any(
        owner.admin.password.get_secret_value() in EXAMPLE_PASSWORDS for owner in bootstrap.owners
    )


def is_loopback(host: str) -> bool:
    """Tell whether nobody outside this machine reaches the host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
