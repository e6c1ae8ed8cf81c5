"""How what is asked of a device becomes an operation: its id, its time, its secrets sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from services.devices.rules import operations as rules
from services.devices.store import operations as store
from shared.kit.clock import new_id

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.devices.handlers.parts import Parts
    from services.devices.handlers.seals import Seals
    from shared.contracts.actions import Action
    from shared.contracts.auth import Caller
    from shared.kit.db import AsyncConnection


class Wish(NamedTuple):
    """What is asked of one device."""

    site: str
    device_id: int
    action: Action
    after: UUID | None = None
    """The operation whose success it waits for."""
    lasting: bool = False


class Asking:
    """Makes operations."""

    def __init__(self, parts: Parts, seals: Seals) -> None:
        self._clock = parts.clock
        self._seals = seals

    async def new(
        self, connection: AsyncConnection, wish: Wish, caller: Caller
    ) -> store.NewOperation:
        """Return an operation that is ready to be stored."""
        now, action = self._clock.now(), wish.action
        expires_at = now + rules.life(lasting=wish.lasting)
        created_at, job_id = now, None
        if action.kind in rules.DATED:
            created_at = await _second(connection, wish, now)
            job_id = rules.job_id(action.kind, wish.device_id, created_at)
        return store.NewOperation(
            id=new_id(),
            owner=caller.owner,
            site=wish.site,
            device_id=wish.device_id,
            kind=action.kind,
            job_id=job_id,
            created_at=created_at,
            expires_at=expires_at,
            requested_by=caller.email,
            action=action.model_dump(mode="json"),
            sealed=await self._sealed(connection, caller.owner, action),
            after=wish.after,
            lasts_until=expires_at if wish.lasting else None,
        )

    async def _sealed(self, connection: AsyncConnection, owner: str, action: Action) -> str | None:
        """Return an action with its secrets under the owner's key; None when it has none."""
        revealed = action.model_dump_json(context={"reveal": True})
        if revealed == action.model_dump_json():
            return None
        key = await self._seals.of(connection, owner)
        return key.encrypt(revealed.encode()).decode()


async def _second(connection: AsyncConnection, wish: Wish, now: datetime) -> datetime:
    since = now.replace(microsecond=0)
    taken = await store.queued_since(connection, wish.device_id, wish.action.kind, since)
    return rules.queued_at(now, taken)
