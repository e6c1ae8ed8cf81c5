"""Every secret of the installation: made once, kept in files, passed on as paths."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy import secretfile
from deploy.postgres.roles import BOOTSTRAP, ROLES

if TYPE_CHECKING:
    from deploy.local.layout import Layout


def make_keys(layout: Layout) -> None:
    """Make the keys of auth and of the registry, unless they are there already."""
    secretfile.ensure(layout.signing_key, _signing_key)
    secretfile.ensure(layout.device_key, Fernet.generate_key)


def passwords(layout: Layout) -> dict[str, str]:
    """Return the password of every role of the database; missing ones are made."""
    return {
        role: secretfile.ensure(layout.password(role), new_token).decode()
        for role in (BOOTSTRAP, *ROLES)
    }


def new_token() -> bytes:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32).encode()


def _signing_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
