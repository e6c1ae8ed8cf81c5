"""What an agent does for each kind of action."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from services.devices.agent.connection import Connection
from services.devices.agent.line import OfflineError
from services.devices.agent.links.base import Link, Tell
from services.devices.agent.outgoing import Surroundings, keep_unknown, raise_alarm
from services.devices.agent.reading import LogSafe, StalledError
from services.devices.drivers.base import DecodeError, DeviceError
from shared.contracts.actions import (
    Action,
    ClearLog,
    Count,
    DeleteUser,
    Done,
    PushUser,
    PutUser,
    ReadLog,
    ReadTemplates,
    ReadUsers,
    Result,
    Said,
    WriteTemplates,
)
from shared.contracts.agents import DepositTemplates
from shared.contracts.errors import Code
from shared.contracts.operations import SPECS, Operation, Progress

_SYNC_SECONDS: Final = 120.0
"""How long a reading waits for its next receipt."""
_RECEIPT_SECONDS: Final = 30.0
"""The same before a log may be cleared: somebody may be waiting at the device."""
_CLEARINGS: Final = 4
"""A log that changed under our eyes is read again, and cleared in the third try after the first."""


@dataclass(frozen=True, slots=True)
class Doing:
    """One action on its way: what to do, with which device, and whom to tell how far it is."""

    operation: Operation
    action: Action
    connection: Connection
    around: Surroundings
    tell: Tell


class Performed(NamedTuple):
    """What came of an action, and the device's own answer."""

    result: Result
    said: Said


async def perform(doing: Doing) -> Performed:
    """Do it; raise DeviceError, or MusterError when the registry is in the way.

    OfflineError means that nothing was changed, or that it may be done again; once a change that
    must not be repeated was asked for, a lost connection is OUTCOME_UNKNOWN.
    """
    try:
        return await _perform(doing)
    except DeviceError as error:
        may_be = isinstance(doing.action, DeleteUser) and doing.action.may_be_absent
        if may_be and error.code is Code.NOT_FOUND:
            return Performed(Count(count=0), error.said)
        raise
    except DecodeError as error:
        unknown, kept = await keep_unknown(doing.around, "What the device holds", error)
        raise_alarm(doing.around, doing.connection.device, unknown, kept)
        raise unknown from error


async def _perform(doing: Doing) -> Performed:
    match doing.action:
        case ReadLog():
            return await _read_log(doing)
        case ClearLog():
            return await _clear_log(doing)
        case ReadUsers():
            return await _read_users(doing)
        case ReadTemplates(user_id=user_id):
            return await _read_templates(doing, user_id)
        case WriteTemplates(templates=()) | PushUser(person=None, templates=()):
            details = "Nothing of this person is in custody; read or enrol them first."
            raise DeviceError(Code.NOT_FOUND, details)
        case _:
            return await _on_the_wire(doing)


async def repeat(doing: Doing) -> Performed:
    """Do again what was begun before: what the first try did is no failure of the second."""
    try:
        return await perform(doing)
    except DeviceError as error:
        if isinstance(doing.action, DeleteUser) and error.code is Code.NOT_FOUND:
            return Performed(Done(), error.said)
        if isinstance(doing.action, PutUser) and error.code is Code.USER_TAKEN:
            details = "The person is on the device: by the first try, or since before it."
            raise DeviceError(Code.OUTCOME_UNKNOWN, details) from error
        raise


async def _read_log(doing: Doing) -> Performed:
    try:
        safe = await _log(doing, _SYNC_SECONDS)
    except StalledError as error:
        details = "The log was read, but attendance did not confirm it in time; it still will."
        raise DeviceError(Code.TIMEOUT, details) from error
    return Performed(Count(count=safe.progress.read), safe.said)


async def _clear_log(doing: Doing) -> Performed:
    """Clear the log once every record of it has its receipt, and it is still the same.

    The link itself tells OUTCOME_UNKNOWN from a connection that was lost before the clearing.
    """
    tries = _CLEARINGS
    while True:
        tries -= 1
        expected = await _receipted(doing)
        try:
            async with doing.connection.line.turn() as link:
                return _answered(link, await link.clear_log(expected.table))
        except DeviceError as error:
            if error.code is not Code.LOG_NOT_QUIET or not tries:
                raise


async def _receipted(doing: Doing) -> LogSafe:
    """Read the log; return it only when attendance has every record of it."""
    try:
        safe = await _log(doing, _RECEIPT_SECONDS)
    except StalledError as error:
        raise _unreceipted(error.progress) from error
    if safe.progress.receipted != safe.progress.read:
        raise _unreceipted(safe.progress)
    return safe


def _unreceipted(progress: Progress) -> DeviceError:
    missing = progress.read - progress.receipted
    details = f"{missing} of {progress.read} records have no receipt. The log was not cleared."
    return DeviceError(Code.UNRECEIPTED_RECORDS, details)


async def _log(doing: Doing, patience: float) -> LogSafe:
    return await doing.connection.reader.log(doing.operation.operation_id, doing.tell, patience)


async def _read_users(doing: Doing) -> Performed:
    people, read_at, said = await doing.connection.reader.people.read()
    device_id = doing.operation.device_id
    await doing.around.registry.deposit_people(device_id, people, read_at, doing.tell)
    return Performed(Count(count=len(people)), said)


async def _read_templates(doing: Doing, user_id: str | None) -> Performed:
    async with doing.connection.line.turn() as link:
        fetched = await link.templates(user_id)
        said = link.said
    deposit = DepositTemplates(
        operation_id=doing.operation.operation_id,
        device_id=doing.operation.device_id,
        read_at=doing.around.clock.now(),
        templates=(),
    )
    await doing.around.registry.deposit_templates(deposit, fetched, doing.tell)
    slots = sorted({each.finger for each in fetched.templates}) if user_id else ()
    return Performed(Count(count=len(fetched.templates), slots=tuple(slots)), said)


async def _on_the_wire(doing: Doing) -> Performed:
    """Do what needs nothing but the link."""
    if SPECS[doing.action.kind].repeatable:
        return await _do(doing)
    with _never_twice():
        return await _do(doing)


async def _do(doing: Doing) -> Performed:
    async with doing.connection.line.turn() as link:
        try:
            return _answered(link, await link.do(doing.action, doing.tell))
        finally:
            if isinstance(doing.action, PutUser | DeleteUser | PushUser):
                doing.connection.reader.people.forget()


def _answered(link: Link, result: Result) -> Performed:
    return Performed(result, link.said)


@contextmanager
def _never_twice() -> Iterator[None]:
    """Let a connection that is lost after the device was asked be an unknown outcome."""
    try:
        yield
    except OfflineError as error:
        if not error.asked:
            raise
        details = f"The connection was lost after the device was asked: {error.details}"
        raise DeviceError(Code.OUTCOME_UNKNOWN, details) from error
