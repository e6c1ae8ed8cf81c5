"""Callers with tokens that every service believes: signed with a key in auth's bucket."""

from __future__ import annotations

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.contracts import streams
from shared.contracts.auth import SigningKey
from shared.kit.buckets import Bucket
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.security import ALGORITHM, ISSUER, key_entry

KID = "component-tests"


class Callers:
    """Makes tokens as auth does."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    async def publish(self, auth: Bus) -> None:
        """Let every service know the key."""
        pem = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        entry = SigningKey(kid=KID, public_pem=pem.decode(), since=SystemClock().now())
        await Bucket(auth, streams.AUTH).put(key_entry(KID), entry.model_dump_json().encode())

    def user(self, owner: str, role: str = "user") -> str:
        return self._token({"sub": "1", "owner": owner, "role": role, "kind": "access"})

    def employee(self, owner: str, enroll_id: str, name: str = "Ann") -> str:
        claims = {"sub": enroll_id.zfill(24), "owner": owner, "role": "employee", "name": name}
        return self._token({**claims, "kind": "employee", "enroll_id": enroll_id})

    def _token(self, claims: dict[str, str]) -> str:
        now = int(SystemClock().now().timestamp())
        full = {**claims, "iss": ISSUER, "sid": "s-1", "iat": now, "exp": now + 600}
        return jwt.encode(full, self._key, ALGORITHM, headers={"kid": KID})
