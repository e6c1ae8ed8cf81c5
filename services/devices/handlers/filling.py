"""What an agent is given to do: an action with its secrets, and with what is in custody for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import SecretBytes, TypeAdapter

from services.devices.rules import transfers as rules
from services.devices.store import custody, people, places
from services.devices.store import operations as store
from shared.contracts.actions import (
    Action,
    Count,
    DeleteUser,
    Pushed,
    PushUser,
    WriteTemplates,
)
from shared.contracts.errors import Code
from shared.contracts.readings import Template
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.fernet import Fernet

    from services.devices.handlers.seals import Seals
    from shared.kit.db import AsyncConnection

_ACTION: Final[TypeAdapter[Any]] = TypeAdapter(Action)


class Filling:
    """Fills actions in when their operation starts."""

    def __init__(self, seals: Seals) -> None:
        self._seals = seals

    async def action(
        self, connection: AsyncConnection, known: store.Stored, first: store.Stored | None
    ) -> Action:
        """Return what an operation is to do; ``first`` is the one that it has waited for.

        Raises MusterError when that cannot be done, whatever the device says: INCOMPATIBLE,
        DEVICE_NO_DATA when what was read for it is in custody no longer, or CONFLICT when a person
        would be deleted who has more than was brought over.
        """
        action = await self._opened(connection, known)
        if isinstance(action, WriteTemplates):
            kept = await _of_person(connection, known, first, action.user_id)
            return action.model_copy(
                update={"templates": await self._templates(connection, known.owner, kept)}
            )
        if isinstance(action, PushUser):
            return await self._pushed(connection, known, first, action)
        if isinstance(action, DeleteUser) and first is not None:
            await _nothing_left(connection, known, first, action.user_id)
        return action

    async def _opened(self, connection: AsyncConnection, known: store.Stored) -> Action:
        action: Action
        if known.sealed:
            key = await self._seals.of(connection, known.owner)
            action = _ACTION.validate_json(key.decrypt(known.sealed))
        else:
            # What the first version stored has its kind only.
            action = _ACTION.validate_python({**known.action, "kind": known.kind})
        return action

    async def _pushed(
        self,
        connection: AsyncConnection,
        known: store.Stored,
        first: store.Stored | None,
        action: PushUser,
    ) -> PushUser:
        if first is None:
            raise MusterError(Code.DEVICE_NO_DATA, "No reading of the person came before.")
        person = await people.one(connection, first.device_id, action.user_id)
        kept = await custody.read_by(connection, first.id, action.user_id)
        read = rules.complete(kept, _read(first), await _target(connection, known))
        return action.model_copy(
            update={
                "person": rules.taken(person, action.user_id),
                "templates": await self._templates(connection, known.owner, read),
            }
        )

    async def _templates(
        self, connection: AsyncConnection, owner: str, kept: Iterable[custody.Sealed]
    ) -> tuple[Template, ...]:
        key = await self._seals.of(connection, owner)
        return tuple(opened(key, each) for each in kept)


def opened(key: Fernet, kept: custody.Sealed) -> Template:
    """Return a template in custody itself; ``key`` is its owner's."""
    return Template(
        user_id=kept.user_id,
        finger=kept.finger,
        flag=kept.flag,
        algorithm=kept.algorithm,
        data=SecretBytes(key.decrypt(kept.sealed)),
    )


async def _of_person(
    connection: AsyncConnection, known: store.Stored, first: store.Stored | None, user_id: str
) -> tuple[custody.Sealed, ...]:
    """Return a person's templates: those just read for a copy, else the newest of use there."""
    target = await _target(connection, known)
    if first is not None:
        kept = await custody.read_by(connection, first.id, user_id)
    else:
        kept = await custody.of_person(connection, known.owner, target.dialect, user_id)
    return rules.useful(kept, target)


async def _nothing_left(
    connection: AsyncConnection, known: store.Stored, push: store.Stored, user_id: str
) -> None:
    fetch = await store.one(connection, push.after) if push.after else None
    if fetch is None or fetch.finished_at is None or push.result is None:
        raise MusterError(Code.CONFLICT, "What was brought over is not known.")
    # The device's own agent dates both, so no other clock comes into it.
    since = await custody.told_since(connection, known.device_id, user_id, fetch.finished_at)
    pushed = Pushed.model_validate(push.result)
    problem = rules.left_behind(_read(fetch), since, pushed.slots)
    if problem is not None:
        raise MusterError.of(problem)


async def _target(connection: AsyncConnection, known: store.Stored) -> places.Place:
    place = await places.of(connection, known.device_id)
    if place is None:
        raise MusterError(Code.NOT_FOUND)
    return place


def _read(first: store.Stored) -> Count:
    return Count.model_validate(first.result or Count(count=0))
