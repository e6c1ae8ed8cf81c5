"""What every view of /api has in common."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from shared.contracts.readings import Privilege
from shared.kit.clock import iso

_LARGEST: Final = 2**53
"""Where the whole numbers end that every client can read."""
ADMINS: Final[dict[Privilege, int]] = {"user": 0, "enroller": 0, "admin": 1, "manager": 2}
"""What the devices write for each privilege (timmy.md 1.4)."""

Moment = Annotated[
    datetime,
    PlainSerializer(iso),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
"""A moment, with exactly three digits after the seconds, and Z."""


class View(BaseModel):
    """A part of an answer; fields go out by their alias, where they have one."""

    model_config = ConfigDict(frozen=True, validate_by_name=True, validate_by_alias=True)


class Success(View):
    """An answer that says that all went well."""

    success: Literal[True] = True


def _is_none(value: object) -> bool:
    return value is None


def sometimes(alias: str | None = None) -> Any:
    """Return a field that is only there when it has a value."""
    return Field(default=None, exclude_if=_is_none, alias=alias)


def number_of(user_id: str) -> int | str:
    """Return a PIN as devices have it, a number; one that is none stays text."""
    if user_id.isascii() and user_id.isdigit() and int(user_id) < _LARGEST:
        return int(user_id)
    return user_id
