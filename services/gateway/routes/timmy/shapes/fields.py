"""The fields that several shapes of /api share."""

import re
from typing import Annotated, Any, Final

from fastapi import Depends, Path
from pydantic import BeforeValidator, Field

from services.gateway.routes.shapes.fields import PLAIN, Digits, Pages
from services.gateway.routes.shapes.punches import End, Start
from shared.contracts.errors import Code
from shared.kit.errors import MusterError

_OBJECT_ID: Final = re.compile(r"[0-9a-fA-F]{24}")
_PIN: Final = r"^[0-9A-Za-z]{1,24}$"
_STRANGER: Final = 99_999_999
"""Devices give it to faces they do not know (timmy.md 1.3)."""
NOBODY: Final = {"0", str(_STRANGER)}
"""The same, and what devices give to their door."""
_LARGEST_PERSON: Final = 999_999_999_999
_NO_BOOLEAN: Final = "must be true or false"
_NO_PERSON: Final = f"must be a whole number from 1 to {_LARGEST_PERSON}, but not {_STRANGER}"


def _known(given: Annotated[str, Path(alias="id")]) -> str:
    if not _OBJECT_ID.fullmatch(given):
        raise MusterError(Code.NOT_FOUND)
    return given.lower()


def _serial(given: Annotated[str, Path(alias="sn")]) -> str:
    return given


ObjectId = Annotated[str, Depends(_known)]
"""An id in a path; one that is none is the id of nothing."""
Serial = Annotated[str, Depends(_serial)]
"""A serial number in a path; whether there is such a device, its owner is told alone."""
BodySerial = Annotated[str, Field(min_length=1, max_length=64, pattern=PLAIN)]


def is_person(sent: object) -> bool:
    """Tell whether this is a number that devices give to people."""
    return type(sent) is int and 0 < sent <= _LARGEST_PERSON and sent != _STRANGER


def _person(sent: object) -> object:
    if not is_person(sent):
        raise ValueError(_NO_PERSON)
    return sent


_PersonSent = Annotated[
    int,
    Field(ge=1, le=_LARGEST_PERSON, json_schema_extra={"not": {"const": _STRANGER}}),
]
Person = Annotated[int, BeforeValidator(_person, json_schema_input_type=_PersonSent)]
"""The number by which devices know a person."""


def _enroll_id(sent: object) -> object:
    return str(sent) if type(sent) is int and 0 <= sent <= _LARGEST_PERSON else sent


EnrollId = Annotated[
    str,
    BeforeValidator(
        _enroll_id,
        Annotated[str, Field(pattern=_PIN)] | Annotated[int, Field(ge=0, le=_LARGEST_PERSON)],
    ),
    Field(pattern=_PIN),
]
"""The same, as the document has it of employees and logs; a number stands for its digits."""


def _boolean(sent: object) -> object:
    if isinstance(sent, str):
        match sent:
            case "true" | "1":
                return True
            case "false" | "0":
                return False
            case "":
                return None
            case _:
                raise ValueError(_NO_BOOLEAN)
    return sent


Flag = Annotated[
    bool | None,
    BeforeValidator(_boolean, json_schema_input_type=bool),
]
"""A condition in a query; empty is none."""


def _nothing_is_none(sent: object) -> object:
    return None if sent == "" else sent


Number = Annotated[int | None, Digits, BeforeValidator(_nothing_is_none)]
"""A number in a query; empty is none."""


class Span(Pages):
    """Which page, of what lies in a span: a date is a whole UTC day, both ends are included."""

    since: Start = Field(default=None, alias="from")
    until: End = Field(default=None, alias="to")


def terms(query: Span) -> dict[str, Any]:
    """Return what the question of every such list has."""
    return {"page": query.page, "limit": query.limit, "start": query.since, "end": query.until}
