"""Verify access tokens: signed by auth, not expired, of a session that was not ended.

Every service verifies for itself, with the public keys that auth publishes in its bucket. Answers
are remembered for at most 5 seconds, and without an answer nobody is let in.
"""

from collections import OrderedDict
from typing import Any, Final

import jwt
from pydantic import ValidationError

from shared.contracts.auth import Caller, SigningKey
from shared.contracts.errors import Code
from shared.kit.buckets import AWAY, Bucket
from shared.kit.clock import Clock
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

log = get_logger(__name__)

ALGORITHM: Final = "EdDSA"
ISSUER: Final = "muster"
ACCESS: Final = "access"
EMPLOYEE: Final = "employee"
"""The kind of an employee's token; the role is the same word."""
FRESH_SECONDS: Final = 4.5
"""The rest of the promised 5 is for the word of an ended session to arrive in the bucket."""
_REMEMBERED: Final = 4096
_REQUIRED: Final = ["iss", "exp", "iat", "sub", "sid", "kind", "owner", "role"]


def key_entry(kid: str) -> str:
    """Return the bucket's key that holds a public key."""
    return f"key.{kid}"


def ended_entry(session: str) -> str:
    """Return the bucket's key that says a session is ended."""
    return f"ended.{session}"


class TokenVerifier:
    """Turns a token into the caller it stands for."""

    def __init__(self, bucket: Bucket, clock: Clock) -> None:
        self._bucket = bucket
        self._clock = clock
        self._remembered: OrderedDict[str, tuple[float, bytes | None]] = OrderedDict()

    async def verify(self, token: str | None) -> Caller:
        """Return the caller; raise UNAUTHORIZED, or SERVICE_UNAVAILABLE when it cannot be told."""
        if not token:
            raise MusterError(Code.UNAUTHORIZED, "No access token was sent.")
        claims = await self._claims(token.removeprefix("Bearer ").strip())
        if await self._read(ended_entry(claims["sid"])) is not None:
            raise MusterError(Code.UNAUTHORIZED, "This session was ended; log in again.")
        try:
            return _caller(claims)
        except (ValidationError, ValueError, KeyError) as error:
            raise MusterError(Code.UNAUTHORIZED, "The access token is malformed.") from error

    async def _claims(self, token: str) -> dict[str, Any]:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = await self._key(kid)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=ISSUER,
                options={"require": _REQUIRED},
            )
        except jwt.ExpiredSignatureError as error:
            raise MusterError(Code.UNAUTHORIZED, "The access token has expired.") from error
        except (jwt.PyJWTError, ValueError, TypeError, UnicodeError) as error:
            raise MusterError(Code.UNAUTHORIZED, "The access token is not valid.") from error
        if claims["kind"] not in {ACCESS, EMPLOYEE} or not _plain(claims["sid"]):
            raise MusterError(Code.UNAUTHORIZED, "This is not an access token.")
        return claims

    async def _key(self, kid: object) -> str:
        entry = await self._read(key_entry(kid)) if isinstance(kid, str) and _plain(kid) else None
        if entry is None:
            raise MusterError(Code.UNAUTHORIZED, "The access token is signed by nobody we know.")
        return SigningKey.model_validate_json(entry).public_pem

    async def _read(self, entry: str) -> bytes | None:
        now = self._clock.monotonic()
        known = self._remembered.get(entry)
        if known and now - known[0] < FRESH_SECONDS:
            return known[1]
        try:
            value = await self._bucket.get(entry)
        except AWAY as error:
            log.warning("tokens cannot be verified now", error=repr(error))
            raise MusterError(Code.SERVICE_UNAVAILABLE) from error
        self._remembered[entry] = (now, value)
        self._remembered.move_to_end(entry)
        while len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return value


def _caller(claims: dict[str, Any]) -> Caller:
    employee = claims["kind"] == EMPLOYEE
    if employee != (claims["role"] == EMPLOYEE):
        raise MusterError(Code.UNAUTHORIZED, "The access token is malformed.")
    return Caller(
        user_id=0 if employee else int(claims["sub"]),
        owner=claims["owner"],
        role=claims["role"],
        email=claims.get("email", ""),
        name=claims.get("name", ""),
        session=claims["sid"],
        employee_id=claims["sub"] if employee else None,
        enroll_id=claims["enroll_id"] if employee else None,
    )


def _plain(value: object) -> bool:
    return isinstance(value, str) and value.replace("-", "").isalnum() and len(value) <= 64
