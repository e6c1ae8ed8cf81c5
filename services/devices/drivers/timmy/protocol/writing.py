"""Writing one thing of one person to a terminal; each is one command, and accepted or an error."""

from typing import Any

from services.devices.drivers.base import PersonEntry
from services.devices.drivers.timmy.codec.ids import enrollid
from services.devices.drivers.timmy.codec.people import rights
from services.devices.drivers.timmy.messages import BLANK, FINGERS, PHOTO
from services.devices.drivers.timmy.protocol.procedure import (
    PATIENCE,
    PHOTO_PATIENCE,
    Ask,
    Procedure,
    Reply,
)
from services.devices.drivers.timmy.protocol.replies import accept, told
from services.devices.drivers.timmy.protocol.terms import Terms


def put(person: PersonEntry, slot: int, record: str | int) -> Procedure[None]:
    """Write a slot of a person, with name and rights; the person is added if need be."""
    command: dict[str, Any] = {
        "cmd": "setuserinfo",
        "enrollid": enrollid(person.user_id),
        "name": person.name,
        "backupnum": slot,
        "admin": rights(person.privilege),
        "record": record,
    }
    if person.alias is not None:
        command["aliasid"] = person.alias
    reply: Reply = yield Ask(command, PHOTO_PATIENCE if slot == PHOTO else PATIENCE)
    accept(reply, f"take what is in slot {slot}")


def add(terms: Terms, person: PersonEntry) -> Procedure[None]:
    """Add a person with nothing to know them by.

    For whom the terminal holds already this is not: slot 0 may be a finger.
    """
    if terms.traits.profiles:
        yield from put(person, FINGERS[0], BLANK)
    else:
        yield from rename(person)


def rename(person: PersonEntry) -> Procedure[None]:
    """Write a person's name; some terminals add the person by that."""
    row = {"enrollid": enrollid(person.user_id), "name": person.name}
    yield from told({"cmd": "setusername", "count": 1, "record": [row]}, "take the name")


def enable(user_id: str, *, enabled: bool) -> Procedure[None]:
    """Let a person in, or do not."""
    command = {"cmd": "enableuser", "enrollid": enrollid(user_id), "enflag": int(enabled)}
    yield from told(command, "enable or disable the person")


def empty(user_id: str, slot: int) -> Procedure[Reply]:
    """Delete a slot of a person, or by some numbers the person; return what is said to it."""
    command = {"cmd": "deleteuser", "enrollid": enrollid(user_id), "backupnum": slot}
    reply: Reply = yield Ask(command)
    return reply
