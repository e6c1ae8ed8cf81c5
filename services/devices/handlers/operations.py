"""Operations are asked: committed together with their message, then waited for a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.devices.handlers.asking import Asking, Wish
from services.devices.handlers.jobs import job_of
from services.devices.handlers.waiting import Waiting
from services.devices.rules import admission, transfers
from services.devices.rules import devices as device_rules
from services.devices.rules import operations as rules
from services.devices.rules.people import storable
from services.devices.store import devices, people, places, presence
from services.devices.store import operations as store
from shared.contracts import catalog
from shared.contracts.actions import PushUser, ReadTemplates, WriteTemplates
from shared.contracts.errors import Code, FieldProblem
from shared.contracts.operations import SPECS, CopyTemplates, Job, Operate
from shared.kit.db import transaction
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from services.devices.handlers.parts import Parts
    from services.devices.handlers.seals import Seals
    from services.devices.handlers.waiting import News
    from shared.contracts.actions import Action
    from shared.contracts.auth import Caller
    from shared.kit.db import AsyncConnection
    from shared.kit.rpc import Answers

WAITING: Final = 256
"""How many callers of one replica may wait at once."""


class Operations:
    """Asks devices to do things."""

    def __init__(self, parts: Parts, seals: Seals, news: News) -> None:
        self._engine = parts.engine
        self._clock = parts.clock
        self._asking = Asking(parts, seals)
        self._waiting = Waiting(parts, news)

    async def operate(self, request: Operate, caller: Caller) -> Job:
        """Ask a device for something, or return the job of a single kind that already does.

        FORBIDDEN without the action's permission. Unless it is to last: DEVICE_OFFLINE when a
        device that dials in has not, and NO_AGENT when the caller waits and nobody would take the
        operation.
        """
        if not caller.may(SPECS[request.action.kind].permission):
            raise MusterError(Code.FORBIDDEN)
        _check(request.action)
        async with transaction(self._engine, "operate") as connection:
            site = await devices.lock(connection, caller.owner, request.device_id)
            if site is None:
                raise MusterError(Code.NOT_FOUND)
            if not request.lasting:
                await self._attended(connection, site, request)
            known = await _open(connection, request)
            if known is None:
                wish = Wish(site, request.device_id, request.action, lasting=request.lasting)
                new = await self._asking.new(connection, wish, caller)
                known = await store.add(connection, new)
                await store.say(connection, known)
        return job_of(await self._followed(known, request))

    async def _attended(self, connection: AsyncConnection, site: str, request: Operate) -> None:
        since = self._clock.now() - device_rules.CONNECTED
        place = await places.of(connection, request.device_id)
        if (
            place is not None
            and place.dialect in admission.DIAL_IN
            and not await presence.connected(connection, request.device_id, since)
        ):
            raise MusterError(Code.DEVICE_OFFLINE)
        if request.wait and not await presence.heard_since(connection, site, since):
            raise MusterError(Code.NO_AGENT)

    async def copy(self, request: CopyTemplates, caller: Caller) -> Job:
        """Read templates from one device and, once they are in custody, write them to another."""
        if request.device_id == request.target_id:
            problem = "must be another device than the one that is read"
            raise device_rules.invalid(FieldProblem(field="target_id", problem=problem))
        async with transaction(self._engine, "copy templates") as connection:
            sites = await _locked(connection, request, caller)
            await _compatible(connection, request)
            source, target = request.device_id, request.target_id
            reads = Wish(sites[source], source, ReadTemplates(user_id=request.user_id))
            first = await store.add(connection, await self._asking.new(connection, reads, caller))
            await store.say(connection, first)
            action = WriteTemplates(user_id=request.user_id)
            writes = Wish(sites[target], target, action, after=first.id)
            second = await self._asking.new(connection, writes, caller)
            return job_of(await store.add(connection, second))

    async def _followed(self, known: store.Stored, request: Operate) -> store.Stored:
        """Return an operation as it stands at its end, or when the caller should wait no longer."""

        def settled(each: store.Stored) -> bool:
            return rules.settled(each.status, each.progress.total, request.patient_above)

        if not request.wait:
            return known
        await self._waiting.until(settled, [known.id], request.wait)
        async with transaction(self._engine, "followed") as connection:
            return await store.one(connection, known.id) or known


def _check(action: Action) -> None:
    for field in ("name", "alias"):
        if not storable(getattr(action, field, None) or ""):
            problem = "must not hold control characters"
            raise device_rules.invalid(FieldProblem(field=f"action.{field}", problem=problem))
    if isinstance(action, WriteTemplates) and action.templates:
        problem = "must be empty: they are taken from custody"
        raise device_rules.invalid(FieldProblem(field="action.templates", problem=problem))
    if isinstance(action, PushUser):
        problem = "is only done by a transfer, which reads the person first"
        raise device_rules.invalid(FieldProblem(field="action.kind", problem=problem))


async def _open(connection: AsyncConnection, request: Operate) -> store.Stored | None:
    kind = request.action.kind
    if not SPECS[kind].single:
        return None
    return await store.open_of(connection, request.device_id, kind)


async def _locked(
    connection: AsyncConnection, request: CopyTemplates, caller: Caller
) -> dict[int, str]:
    """Return the sites of both devices, and keep others from asking them until the commit."""
    sites = {}
    # Always in the same order, so that two who ask never wait for each other.
    for device_id in sorted((request.device_id, request.target_id)):
        site = await devices.lock(connection, caller.owner, device_id)
        if site is None:
            raise MusterError(Code.NOT_FOUND)
        sites[device_id] = site
    return sites


async def _compatible(connection: AsyncConnection, request: CopyTemplates) -> None:
    source = await places.of(connection, request.device_id)
    target = await places.of(connection, request.target_id)
    if source is None or target is None:
        raise MusterError(Code.NOT_FOUND)
    slots = await people.credentials(connection, source.device_id, [request.user_id])
    problem = transfers.unfit(source, target, slots.get(request.user_id, ()))
    if problem is not None:
        raise MusterError.of(problem)


def routes(operations: Operations, answers: Answers) -> None:
    """Hear what is asked of devices."""
    answers.to_callers(catalog.OPERATE, Operate, operations.operate, workers=WAITING)
    answers.to_callers(catalog.COPY_TEMPLATES, CopyTemplates, operations.copy)
