"""Looking at one person on a terminal: whether it holds them, and what in which slot."""

from typing import Any

from services.devices.drivers.base import DeviceError, PersonEntry
from services.devices.drivers.timmy.codec import people as codec
from services.devices.drivers.timmy.codec.fields import text
from services.devices.drivers.timmy.codec.ids import enrollid
from services.devices.drivers.timmy.codec.templates import template
from services.devices.drivers.timmy.messages import CARD, NAME_LIMIT, PASSWORD, PHOTO, PROBED
from services.devices.drivers.timmy.protocol.procedure import (
    PATIENCE,
    PHOTO_PATIENCE,
    Ask,
    Procedure,
    Reply,
)
from services.devices.drivers.timmy.protocol.replies import may_say_nothing, refusal, says_nobody
from services.devices.drivers.timmy.protocol.terms import Terms
from shared.contracts.actions import Said
from shared.contracts.errors import Code
from shared.contracts.readings import Template


def look(terms: Terms, user_id: str) -> Procedure[PersonEntry | None]:
    """Return a person as far as a terminal tells at once, None when it does not hold them.

    Where it does not say outright that there is nobody, each slot is asked for: whoever still has a
    finger there is there, and only with what is in a slot old firmware tells a person's rights.
    """
    who = enrollid(user_id)
    reply: Reply = yield Ask({"cmd": "getuserinfo", "enrollid": who}, aside=True)
    if reply.ok:
        return _person(user_id, reply.body)
    if says_nobody(reply):
        return None
    for slot in filter(terms.has_room, PROBED):
        there = yield from held(terms, user_id, slot)
        if there is not None:
            return there[1]
    body = (yield from _there({"cmd": "getusername", "enrollid": who})) or {}
    name = text(body.get("record"), NAME_LIMIT) or text(body.get("name"), NAME_LIMIT)
    return PersonEntry(str(who), name) if name else None


def look_closely(terms: Terms, user_id: str) -> Procedure[PersonEntry | None]:
    """Return the same with card and password, which not every terminal tells at once."""
    person = yield from look(terms, user_id)
    if person is None:
        return None
    rows = [person]
    for slot in (PASSWORD, CARD):
        there = yield from held(terms, user_id, slot)
        if there is not None:
            rows.append(there[1])
    return codec.merged(rows)[0]


def found(terms: Terms, user_id: str) -> Procedure[PersonEntry]:
    """Return a person as ``look`` does; raise NOT_FOUND when the terminal does not hold them."""
    person = yield from look(terms, user_id)
    if person is None:
        raise nobody(user_id)
    return person


def nobody(user_id: str, said: Said = None) -> DeviceError:
    """Return the error that a terminal does not hold a person."""
    details = f"The terminal holds nobody with the user id {user_id}."
    return DeviceError(Code.NOT_FOUND, details, said)


def held(terms: Terms, user_id: str, slot: int) -> Procedure[tuple[Template, PersonEntry] | None]:
    """Return what is in a person's slot, and the person as told with it; None when nothing is.

    Raises DecodeError for what has no known form.
    """
    body = yield from _slot(enrollid(user_id), slot)
    if body is None:
        return None
    one = template(str(enrollid(user_id)), slot, body.get("record"), terms.algorithm)
    return None if one is None else (one, _person(user_id, {**body, "backupnum": slot}))


def _person(user_id: str, body: dict[str, Any]) -> PersonEntry:
    # Not every firmware says again who it was.
    return codec.person({**body, "enrollid": enrollid(user_id)})


def _slot(who: int, slot: int) -> Procedure[dict[str, Any] | None]:
    seconds = PHOTO_PATIENCE if slot == PHOTO else PATIENCE
    command = {"cmd": "getuserinfo", "enrollid": who, "backupnum": slot}
    return (yield from _there(command, seconds))


def _there(command: dict[str, Any], seconds: float = PATIENCE) -> Procedure[dict[str, Any] | None]:
    """Return the answer, None when it says that there is no such thing."""
    reply: Reply = yield Ask(command, seconds, aside=True)
    if reply.ok:
        return reply.body
    if may_say_nothing(reply):
        return None
    raise refusal(reply, f"answer {command['cmd']}")
