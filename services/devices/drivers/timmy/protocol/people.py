"""Everybody whom a terminal holds: its list, and where that is withheld, other ways to it."""

from typing import Any, Final, NamedTuple

from services.devices.drivers.base import DecodeError, DeviceError, PersonEntry
from services.devices.drivers.timmy.codec import people as codec
from services.devices.drivers.timmy.codec.fields import number, text
from services.devices.drivers.timmy.codec.ids import user_id
from services.devices.drivers.timmy.codec.records import rows
from services.devices.drivers.timmy.messages import NAME_LIMIT
from services.devices.drivers.timmy.protocol.paging import Ending, Rows, paged
from services.devices.drivers.timmy.protocol.procedure import Ask, Procedure, Reply
from services.devices.drivers.timmy.protocol.terms import Terms
from shared.contracts.errors import Code

_TRIES: Final = 3
"""How often a list of which something was lost is read."""
_MOST_NAMES: Final = 40
"""So many names are asked for one by one, where the list has none; a second each."""
_MOST: Final = 100_000
_NOT_HERE: Final = frozenset({Code.NOT_SUPPORTED, Code.DEVICE_ERROR, Code.DEVICE_NO_ANSWER})
"""What becomes of asking for a list that a firmware does not have."""


class People(NamedTuple):
    """Everybody, and the answers that told of them put together, without their rows."""

    people: tuple[PersonEntry, ...]
    said: dict[str, Any]
    """With ``pages``, what each page said of itself, and ``source``, the command that gave them."""


def everybody(terms: Terms) -> Procedure[People]:
    """Return everybody; DEVICE_NO_DATA when the terminal counts people and hands out none.

    Raises PULL_INCOMPLETE when not all of the list came: it is never taken for all of them.
    """
    found = yield from _listed(terms)
    if not found.people and terms.told("useduser"):
        found = yield from _otherwise(terms)
    return found._replace(people=(yield from _named(found.people)))


def _listed(terms: Terms) -> Procedure[People]:
    tries = _TRIES
    while True:
        tries -= 1
        try:
            return (yield from _list(terms))
        except DeviceError as error:
            if error.code != Code.PULL_INCOMPLETE or not tries:
                raise


def _list(terms: Terms) -> Procedure[People]:
    found: list[PersonEntry] = []

    def take(page: Rows) -> Procedure[None]:
        found.extend(_people(page))
        yield from ()

    ending = yield from paged("getuserlist", terms, take)
    people = codec.merged(found)
    held = terms.told("useduser")
    if not ending.sure and (held is None or len(people) < held):
        details = f"The list broke off after {len(people)} people, of {held or 'nobody knows'}."
        raise DeviceError(Code.PULL_INCOMPLETE, details)
    return People(people, _said("getuserlist", ending))


def _otherwise(terms: Terms) -> Procedure[People]:
    """Return everybody by the commands that some firmware has besides the list (timmy.md 1.8)."""
    for way in (_one_by_one, _numbers):
        try:
            return (yield from way())
        except DeviceError as error:
            if error.code not in _NOT_HERE:
                raise
    held = terms.told("useduser")
    details = f"The terminal counts {held} people and lists none."
    raise DeviceError(Code.DEVICE_NO_DATA, details)


def _one_by_one() -> Procedure[People]:
    """Return everybody by getallusers: an answer a credential."""
    found: list[PersonEntry] = []
    for first in range(_MOST):
        reply: Reply = yield Ask({"cmd": "getallusers", "stn": first == 0})
        if not reply.ok:
            raise DeviceError(Code.NOT_SUPPORTED, "The terminal does not hand out its people.")
        page = rows(reply.body) if isinstance(reply.body.get("record"), list) else [reply.body]
        if not page or "enrollid" not in page[0]:
            break
        found += _people(page)
        index, count = number(reply.body.get("index")), number(reply.body.get("count"))
        if index is None or count is None or index >= count - 1:
            break
    return _found("getallusers", codec.merged(found))


def _numbers() -> Procedure[People]:
    """Return everybody by getuserids, which tells no more than their numbers."""
    reply: Reply = yield Ask({"cmd": "getuserids"})
    ids = reply.body.get("ids")
    if not reply.ok or not isinstance(ids, list):
        raise DeviceError(Code.NOT_SUPPORTED, "The terminal does not tell its people's numbers.")
    return _found("getuserids", codec.merged(PersonEntry(user_id(each), "") for each in ids))


def _named(people: tuple[PersonEntry, ...]) -> Procedure[tuple[PersonEntry, ...]]:
    """Return the same with names, where there are so few without one that they can be asked for."""
    nameless = [each for each in people if not each.name]
    if len(nameless) > _MOST_NAMES:
        return people
    names: dict[str, str] = {}
    for each in nameless:
        name = yield from _name(each.user_id)
        if name is None:
            break
        names[each.user_id] = name
    return tuple(each._replace(name=each.name or names.get(each.user_id, "")) for each in people)


def _name(who: str) -> Procedure[str | None]:
    """Return a person's name, None where the terminal does not tell names."""
    try:
        reply: Reply = yield Ask({"cmd": "getusername", "enrollid": _number_of(who)}, aside=True)
    except DeviceError as error:
        if error.code != Code.DEVICE_NO_ANSWER:
            raise
        return None
    if not reply.ok:
        return None
    return text(reply.body.get("record"), NAME_LIMIT) or text(reply.body.get("name"), NAME_LIMIT)


def _number_of(who: str) -> int | str:
    """Return how a terminal itself calls a person it told of."""
    return int(who) if who.isascii() and who.isdigit() else who


def _people(page: Rows) -> list[PersonEntry]:
    try:
        return [codec.person(row) for row in page]
    except DecodeError as error:
        details = f"A row of the list cannot be read: {error}."
        raise DeviceError(Code.PULL_INCOMPLETE, details) from error


def _said(name: str, ending: Ending) -> dict[str, Any]:
    said = {"ret": name, "result": True, "count": ending.rows, "from": 0, "to": ending.rows}
    return {**said, "pages": list(ending.pages), "source": name}


def _found(name: str, people: tuple[PersonEntry, ...]) -> People:
    if not people:
        raise DeviceError(Code.NOT_SUPPORTED, f"The terminal names nobody by {name}.")
    count = len(people)
    said = {"ret": name, "result": True, "count": count, "from": 0, "to": count, "source": name}
    return People(people, said)
