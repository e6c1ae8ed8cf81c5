"""Secrets at rest: each owner's own data key, wrapped by the key-encryption key of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.fernet import Fernet

from services.devices.store import custody as store

if TYPE_CHECKING:
    from shared.kit.db import AsyncConnection


class Seals:
    """Opens and makes the data keys of owners."""

    def __init__(self, seal: Fernet) -> None:
        self._seal = seal

    def sealed_comm_key(self, comm_key: int) -> str:
        """Return a comm key as it is stored: under the key of the settings itself."""
        return self._seal.encrypt(str(comm_key).encode()).decode()

    def comm_key(self, sealed: str) -> int:
        """Return a stored comm key."""
        return int(self._seal.decrypt(sealed))

    async def of(self, connection: AsyncConnection, owner: str) -> Fernet:
        """Return what seals an owner's secrets; the key is made when it is needed first."""
        wrapped = await store.data_key(connection, owner)
        if wrapped is None:
            fresh = self._seal.encrypt(Fernet.generate_key()).decode()
            await store.offer_data_key(connection, owner, fresh)
            # Whoever came first: of two keys only the stored one may ever seal anything.
            wrapped = await store.data_key(connection, owner)
        return Fernet(self._seal.decrypt(wrapped or ""))
