"""Keeping in the bucket what every service verifies tokens with."""

import asyncio
from datetime import timedelta
from typing import Final, NoReturn

from services.auth.rules import ENDED_EMPLOYEE_SECONDS, ENDED_SECONDS
from services.auth.store import employees, users
from services.auth.tokens import Signer
from shared.contracts.auth import LoggedOut, SigningKey
from shared.kit.buckets import AWAY, Bucket
from shared.kit.clock import Clock
from shared.kit.db import UNAVAILABLE, AsyncEngine
from shared.kit.logging import get_logger
from shared.kit.security import ended_entry, key_entry

log = get_logger(__name__)

_PAUSE_SECONDS: Final = 2.0


class Keys:
    """Publishes the public key, and again when the bucket was lost and made anew."""

    def __init__(self, engine: AsyncEngine, bucket: Bucket, signer: Signer, clock: Clock) -> None:
        self._engine = engine
        self._bucket = bucket
        self._signer = signer
        self._clock = clock

    async def publish(self) -> None:
        """Publish the key unless it is there, after every ended session that still matters.

        In this order a key in the bucket means that the list of ended sessions is whole: a lost
        bucket lets nobody in, rather than those who logged out.
        """
        entry = key_entry(self._signer.kid)
        if await self._bucket.get(entry) is not None:
            return
        now = self._clock.now()
        async with self._engine.connect() as connection:
            of_users = await users.sessions_ended_since(
                connection, now - timedelta(seconds=ENDED_SECONDS)
            )
            of_employees = await employees.ended_and_not_over(connection, now)
        for sessions, life in (
            (of_users, ENDED_SECONDS),
            (of_employees, ENDED_EMPLOYEE_SECONDS),
        ):
            for session in sessions:
                word = LoggedOut(session=str(session)).model_dump_json()
                await self._bucket.put(ended_entry(str(session)), word.encode(), life=life)
        key = SigningKey(kid=self._signer.kid, public_pem=self._signer.public_pem, since=now)
        await self._bucket.put(entry, key.model_dump_json().encode())
        log.info("signing key published", kid=self._signer.kid)

    async def keep_published(self) -> NoReturn:
        """Look again every few seconds, for ever."""
        while True:
            await asyncio.sleep(_PAUSE_SECONDS)
            try:
                await self.publish()
            except (*UNAVAILABLE, *AWAY) as error:
                log.warning("signing key not published", error=repr(error)[:300])
