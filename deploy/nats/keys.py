"""nkey seeds: a user proves who it is with a signature, so the broker knows no secret at all."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import nkeys

from deploy import secretfile

if TYPE_CHECKING:
    from pathlib import Path


def public_key(seed_file: Path) -> str:
    """Return the public key of the seed in the file; a seed is made when there is none yet."""
    seed = secretfile.ensure(seed_file, _new_seed)
    key: bytes = nkeys.from_seed(bytearray(seed)).public_key
    return key.decode()


def _new_seed() -> bytes:
    seed: bytes = nkeys.encode_seed(secrets.token_bytes(32), nkeys.PREFIX_BYTE_USER)
    return seed
