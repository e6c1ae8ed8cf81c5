"""Tokens: JWTs signed with auth's own Ed25519 key."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from shared.contracts.auth import Role
from shared.contracts.errors import Code
from shared.kit.errors import MusterError, StartupError
from shared.kit.security import ACCESS, ALGORITHM, EMPLOYEE, ISSUER

REFRESH: Final = "refresh"
_KID_LENGTH: Final = 32


class Subject(NamedTuple):
    """Whom a token speaks for, in which session."""

    user_id: int
    owner: str
    role: Role
    email: str
    name: str
    session: UUID


class EmployeeSubject(NamedTuple):
    """Which employee a token speaks for, in which session."""

    employee_id: str
    owner: str
    enroll_id: str
    name: str
    email: str
    session: UUID


class Signer:
    """Signs tokens; ``kid`` is a hash of the public key, so a new key is a new name."""

    def __init__(self, pem: bytes) -> None:
        key = load_pem_private_key(pem, password=None)
        if not isinstance(key, Ed25519PrivateKey):
            msg = "not an Ed25519 key"
            raise TypeError(msg)
        self._key = key
        public = key.public_key()
        self.public_pem = public.public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        ).decode()
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.kid = hashlib.sha256(raw).hexdigest()[:_KID_LENGTH]

    @classmethod
    def of_file(cls, path: Path) -> "Signer":
        """Return the signer of a PEM file; raise StartupError when it holds no such key."""
        try:
            return cls(path.read_bytes())
        except (OSError, ValueError, TypeError) as error:
            msg = f"{path}: an Ed25519 private key in PEM is needed here ({error})"
            raise StartupError(msg) from error

    def access(self, subject: Subject, jti: UUID, now: datetime, seconds: int) -> str:
        """Return an access token that lives exactly so many seconds."""
        issued = int(now.timestamp())
        return self._sign(_of_user(subject, ACCESS), jti, issued, issued + seconds)

    def refresh(self, subject: Subject, jti: UUID, now: datetime, expires_at: datetime) -> str:
        """Return a refresh token; it is good once."""
        issued, expires = int(now.timestamp()), int(expires_at.timestamp())
        return self._sign(_of_user(subject, REFRESH), jti, issued, expires)

    def employee(self, subject: EmployeeSubject, jti: UUID, now: datetime, seconds: int) -> str:
        """Return an employee's token: of another kind than a user's, so neither passes for both."""
        issued = int(now.timestamp())
        said = {
            "sub": subject.employee_id,
            "owner": subject.owner,
            "role": "employee",
            "email": subject.email,
            "name": subject.name,
            "enroll_id": subject.enroll_id,
            "kind": EMPLOYEE,
            "sid": str(subject.session),
        }
        return self._sign(said, jti, issued, issued + seconds)

    def _sign(self, said: dict[str, str], jti: UUID, issued: int, expires: int) -> str:
        claims = {"iss": ISSUER, "jti": str(jti), "iat": issued, "exp": expires, **said}
        return jwt.encode(claims, self._key, ALGORITHM, headers={"kid": self.kid})

    def refresh_id(self, token: str) -> UUID:
        """Return the id of a refresh token that this key signed; raise UNAUTHORIZED for others."""
        try:
            claims = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options={"require": ["exp", "jti", "kind"]},
            )
            if claims["kind"] == REFRESH:
                return UUID(claims["jti"])
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise MusterError(Code.UNAUTHORIZED, "The refresh token is not valid.") from error
        raise MusterError(Code.UNAUTHORIZED, "This is not a refresh token.")


def _of_user(subject: Subject, kind: str) -> dict[str, str]:
    return {
        "sub": str(subject.user_id),
        "owner": subject.owner,
        "role": subject.role,
        "email": subject.email,
        "name": subject.name,
        "kind": kind,
        "sid": str(subject.session),
    }
