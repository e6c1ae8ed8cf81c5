"""Secret paths: by its own alone may a device dial in that has one."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from services.devices.rules import admission
from services.devices.store import devices
from services.devices.store import paths as store
from shared.contracts import catalog
from shared.contracts.devices import MakePath, PathMade
from shared.contracts.errors import Code
from shared.kit.db import transaction
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from services.devices.handlers.parts import Afterwards, Parts
    from shared.contracts.auth import Caller
    from shared.kit.db import AsyncConnection
    from shared.kit.rpc import Answers

_TOKEN_BYTES: Final = 16


class Paths:
    """The paths of every device."""

    def __init__(self, parts: Parts, afterwards: Afterwards) -> None:
        self._parts = parts
        self._afterwards = afterwards

    async def make(self, request: MakePath, caller: Caller) -> PathMade:
        """Make a path and tell it this once; the one before is good for a day."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        async with transaction(self._parts.engine, "make path") as connection:
            site = await devices.lock(connection, caller.owner, request.device_id)
            known = await devices.fields(connection, caller.owner, request.device_id)
            if site is None or known is None:
                raise MusterError(Code.NOT_FOUND)
            if known["dialect"] not in admission.DIAL_IN:
                raise MusterError(Code.NOT_SUPPORTED, "Only a device that dials in has a path.")
            await self._keep(connection, request.device_id, token)
        await self._afterwards.roster_changed(site)
        return PathMade(device_id=request.device_id, token=token)

    async def _keep(self, connection: AsyncConnection, device_id: int, token: str) -> None:
        now = self._parts.clock.now()
        until = now + admission.FORMER_PATH
        await store.add(connection, device_id, admission.digest_of(token), until)
        await store.forget_but(connection, device_id, admission.PATHS_LIMIT, now)


def routes(paths: Paths, answers: Answers) -> None:
    """Hear of devices that are to have a path."""
    answers.to_callers(catalog.MAKE_PATH, MakePath, paths.make)
