"""Checking passwords without stopping everything else: in threads, a few at a time."""

import asyncio
from typing import Final

from services.auth import rules

_AT_ONCE: Final = 2
"""Each hash takes a core for a while; more at once would starve everything else."""


class Passwords:
    """Hashes and checks passwords; an unknown user costs the same time as a wrong password."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._nobody = rules.hash_password("nobody has this password")

    async def check(self, password: str, known: str | None) -> tuple[bool, str | None]:
        """Return whether it matches, and a better hash when the known one should be replaced."""
        async with self._slots:
            good, better = await asyncio.to_thread(
                rules.check_password, password, known or self._nobody
            )
        return good and known is not None, better

    async def hash(self, password: str) -> str:
        """Return the hash to store."""
        async with self._slots:
            return await asyncio.to_thread(rules.hash_password, password)
