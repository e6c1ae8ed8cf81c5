"""Operations are asked: committed together with their message, then waited for a while."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from services.devices.handlers.jobs import job_of
from services.devices.rules import devices as device_rules
from services.devices.rules import operations as rules
from services.devices.store import devices, presence
from services.devices.store import operations as store
from shared.contracts import catalog
from shared.contracts.actions import ReadTemplates, WriteTemplates
from shared.contracts.errors import Code, FieldProblem
from shared.contracts.operations import SPECS, CopyTemplates, Job, Operate
from shared.kit.clock import new_id
from shared.kit.db import transaction
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.devices.handlers.parts import Parts
    from services.devices.handlers.seals import Seals
    from services.devices.handlers.waiting import News
    from shared.contracts.actions import Action
    from shared.contracts.auth import Caller
    from shared.kit.db import AsyncConnection
    from shared.kit.rpc import Answers

POLL_SECONDS: Final = 0.5
"""How long the news may take that another replica heard."""
_WAITING: Final = 256
"""How many callers of one replica may wait at once."""


class Operations:
    """Asks devices to do things."""

    def __init__(self, parts: Parts, seals: Seals, news: News) -> None:
        self._engine = parts.engine
        self._clock = parts.clock
        self._seals = seals
        self._news = news

    async def operate(self, request: Operate, caller: Caller) -> Job:
        """Ask a device for something, or return the job of a single kind that already does.

        FORBIDDEN without the action's permission; NO_AGENT when the caller waits and nobody would
        take the operation.
        """
        if not caller.may(SPECS[request.action.kind].permission):
            raise MusterError(Code.FORBIDDEN)
        if isinstance(request.action, WriteTemplates) and request.action.templates:
            problem = "must be empty: they are taken from custody"
            raise device_rules.invalid(FieldProblem(field="action.templates", problem=problem))
        async with transaction(self._engine, "operate") as connection:
            site = await devices.lock(connection, caller.owner, request.device_id)
            if site is None:
                raise MusterError(Code.NOT_FOUND)
            if request.wait:
                await self._attended(connection, site)
            known = await self._open(connection, request)
            if known is None:
                new = await self._new(connection, (site, request.device_id), request.action, caller)
                known = await store.add(connection, new)
                await store.say(connection, known)
        return job_of(await self._followed(known, request))

    async def _attended(self, connection: AsyncConnection, site: str) -> None:
        since = self._clock.now() - device_rules.CONNECTED
        if not await presence.heard_since(connection, site, since):
            raise MusterError(Code.NO_AGENT)

    async def _open(self, connection: AsyncConnection, request: Operate) -> store.Stored | None:
        kind = request.action.kind
        if not SPECS[kind].single:
            return None
        return await store.open_of(connection, request.device_id, kind)

    async def _new(
        self,
        connection: AsyncConnection,
        place: tuple[str, int],
        action: Action,
        caller: Caller,
        after: UUID | None = None,
    ) -> store.NewOperation:
        site, device_id = place
        now, operation_id = self._clock.now(), new_id()
        created_at, job_id = now, None
        if action.kind in rules.DATED:
            created_at = await self._second(connection, device_id, action, now)
            job_id = rules.job_id(action.kind, device_id, created_at)
        return store.NewOperation(
            id=operation_id,
            owner=caller.owner,
            site=site,
            device_id=device_id,
            kind=action.kind,
            job_id=job_id,
            created_at=created_at,
            expires_at=now + rules.OPERATION_LIFE,
            requested_by=caller.email,
            action=action.model_dump(mode="json"),
            sealed=await self._sealed(connection, caller.owner, action),
            after=after,
        )

    @staticmethod
    async def _second(
        connection: AsyncConnection, device_id: int, action: Action, now: datetime
    ) -> datetime:
        since = now.replace(microsecond=0)
        taken = await store.queued_since(connection, device_id, action.kind, since)
        return rules.queued_at(now, taken)

    async def _sealed(self, connection: AsyncConnection, owner: str, action: Action) -> str | None:
        """Return an action with its secrets under the owner's key; None when it has none."""
        revealed = action.model_dump_json(context={"reveal": True})
        if revealed == action.model_dump_json():
            return None
        key = await self._seals.of(connection, owner)
        return key.encrypt(revealed.encode()).decode()

    async def copy(self, request: CopyTemplates, caller: Caller) -> Job:
        """Read templates from one device and, once they are in custody, write them to another."""
        if request.device_id == request.target_id:
            problem = "must be another device than the one that is read"
            raise device_rules.invalid(FieldProblem(field="target_id", problem=problem))
        async with transaction(self._engine, "copy templates") as connection:
            places = await self._places(connection, request, caller)
            source, target = request.device_id, request.target_id
            reads = ReadTemplates(user_id=request.user_id)
            first = await store.add(
                connection, await self._new(connection, (places[source], source), reads, caller)
            )
            await store.say(connection, first)
            writes = WriteTemplates(user_id=request.user_id)
            second = await self._new(
                connection, (places[target], target), writes, caller, after=first.id
            )
            return job_of(await store.add(connection, second))

    @staticmethod
    async def _places(
        connection: AsyncConnection, request: CopyTemplates, caller: Caller
    ) -> dict[int, str]:
        places = {}
        # Always in the same order, so that two who ask never wait for each other.
        for device_id in sorted((request.device_id, request.target_id)):
            site = await devices.lock(connection, caller.owner, device_id)
            if site is None:
                raise MusterError(Code.NOT_FOUND)
            places[device_id] = site
        return places

    async def _followed(self, known: store.Stored, request: Operate) -> store.Stored:
        """Return an operation as it stands at its end, or when the caller should wait no longer."""
        until = self._clock.monotonic() + request.wait
        with self._news.of(known.id) as news:
            while (left := until - self._clock.monotonic()) > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(left, POLL_SECONDS)):
                        await news.wait()
                news.clear()
                # No connection is held but for the look itself.
                async with transaction(self._engine, "follow") as connection:
                    known = await store.one(connection, known.id) or known
                if rules.settled(known.status, known.progress.total, request.patient_above):
                    break
        return known


def routes(operations: Operations, answers: Answers) -> None:
    """Hear what is asked of devices."""
    answers.to_callers(catalog.OPERATE, Operate, operations.operate, workers=_WAITING)
    answers.to_callers(catalog.COPY_TEMPLATES, CopyTemplates, operations.copy)
