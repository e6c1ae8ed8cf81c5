"""People as terminals tell of them: a row a credential, or one at a time (timmy.md 1.7)."""

from collections.abc import Iterable
from typing import Any, Final

from services.devices.drivers.base import DeviceError, PersonEntry
from services.devices.drivers.timmy.codec.fields import number, text
from services.devices.drivers.timmy.codec.ids import user_id
from services.devices.drivers.timmy.codec.templates import is_photo
from services.devices.drivers.timmy.messages import CARD, NAME_LIMIT, PASSWORD, PHOTO
from shared.contracts.errors import Code
from shared.contracts.readings import Privilege

_RIGHTS: Final[dict[Privilege, int]] = {"user": 0, "admin": 1, "enroller": 2}
"""``admin``: a super user may add users, and nothing else of an administrator (1.4)."""
_PRIVILEGES: Final = {number: privilege for privilege, number in _RIGHTS.items()}
_GREATEST_CARD: Final = 2**32 - 1


def rights(privilege: Privilege) -> int:
    """Return a privilege as these terminals count it; raise NOT_SUPPORTED for what they lack."""
    if privilege not in _RIGHTS:
        details = f"These terminals know no {privilege}: only {', '.join(_RIGHTS)}."
        raise DeviceError(Code.NOT_SUPPORTED, details)
    return _RIGHTS[privilege]


def slot(row: dict[str, Any]) -> int | None:
    """Return the slot that a row is of; some firmware sends a photo without saying so (1.6)."""
    said = number(row.get("backupnum"), 99)
    if said is None and is_photo(row.get("record")):
        return PHOTO
    return said if said is not None and said >= 0 else None


def person(row: dict[str, Any]) -> PersonEntry:
    """Return the person of one row; raise DecodeError when nobody can tell who it is."""
    held = slot(row)
    return PersonEntry(
        user_id=user_id(row.get("enrollid")),
        name=text(row.get("name"), NAME_LIMIT),
        privilege=_PRIVILEGES.get(number(row.get("admin")) or 0, "user"),
        disabled=number(row.get("enable")) == 0,
        card=_card(row, held),
        has_password=held == PASSWORD or bool(number(row.get("pwd"))),
        alias=text(row.get("aliasid"), NAME_LIMIT) or None,
        credentials=() if held is None else (held,),
    )


def merged(rows: Iterable[PersonEntry]) -> tuple[PersonEntry, ...]:
    """Return each person once, with all that any of the rows tell, in the order of the first."""
    people: dict[str, PersonEntry] = {}
    for row in rows:
        known = people.get(row.user_id)
        people[row.user_id] = row if known is None else _both(known, row)
    return tuple(people.values())


def _both(one: PersonEntry, other: PersonEntry) -> PersonEntry:
    return one._replace(
        name=one.name or other.name,
        privilege=one.privilege if one.privilege != "user" else other.privilege,
        disabled=one.disabled or other.disabled,
        card=one.card or other.card,
        has_password=one.has_password or other.has_password,
        alias=one.alias or other.alias,
        credentials=tuple(sorted({*one.credentials, *other.credentials})),
    )


def _card(row: dict[str, Any], held: int | None) -> int | None:
    said = row.get("record") if held == CARD else row.get("card")
    card = number(said, _GREATEST_CARD)
    return card if card is not None and card > 0 else None
