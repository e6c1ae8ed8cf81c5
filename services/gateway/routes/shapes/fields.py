"""The fields that several shapes share, each with the constraint its schema shows."""

import re
from typing import Annotated, Any, Final

from fastapi import Header, Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from shared.contracts import options
from shared.contracts.agents import Encoding
from shared.contracts.message import ZoneName

LARGEST_ID: Final = 2**31 - 1
_CONTROL: Final = r"\x00-\x1f\x7f-\x9f"
PLAIN: Final = rf"^[^{_CONTROL}]*$"
"""Text without control characters: no device and no database wants them."""
_SAYING: Final = rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"
"""The same, and not blank."""
_PIN: Final = r"^[0-9A-Za-z]{1,24}$"
_NULL: Final = {"type": "null"}
_MOST_PIN: Final = 10**9
_NOT_WHOLE: Final = "must be a whole number in digits"


def _digits(sent: object) -> object:
    # What else Python takes for a number is nobody's number; that 5.0 is 5, JSON says, too.
    if isinstance(sent, str) and not re.fullmatch(r"[0-9]{1,20}(?:\.0)?", sent):
        raise ValueError(_NOT_WHOLE)
    return sent


Digits = BeforeValidator(_digits)
"""For a number in a path or a query; stands after its bounds, to be looked at before them."""


def no_null(schema: dict[str, Any]) -> None:
    """Take null out of the schema of a query's field or a header: they have no way to say it."""
    schema.pop("default", None)
    if _NULL in schema.get("anyOf", ()):
        (form,) = (each for each in schema.pop("anyOf") if each != _NULL)
        schema.update(form)


LEFT_OUT: Final[Any] = Field(default=None, json_schema_extra=no_null)
"""For what a query may leave out."""

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
DeviceId = Annotated[Id, Digits, Path()]
JobId = Annotated[str, Path(min_length=1, max_length=128, pattern=PLAIN)]
AnyUserId = Annotated[str, Path(min_length=1, max_length=64, pattern=PLAIN)]
"""Whoever punched, on whatever device."""
UserId = Annotated[str, Path(pattern=_PIN)]
"""The PIN of a person whom we put on a device."""
OptionName = Annotated[options.OptionName, Path()]
SerialPath = Annotated[str, Path(min_length=1, max_length=64, pattern=PLAIN)]
"""A serial number in a path."""
IdempotencyKey = Annotated[
    str | None,
    Header(json_schema_extra=no_null),
    StringConstraints(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$"),
]

Username = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=_SAYING)
]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=_SAYING)
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=256, pattern=PLAIN)]
Serial = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64, pattern=PLAIN)]
PersonName = Username
Zone = Annotated[
    ZoneName, Field(json_schema_extra={"format": "iana-zone", "examples": ["Asia/Jakarta"]})
]


def _pin(sent: object) -> object:
    return str(sent) if type(sent) is int and 0 <= sent < _MOST_PIN else sent


Pin = Annotated[
    str,
    BeforeValidator(
        _pin, Annotated[str, Field(pattern=_PIN)] | Annotated[int, Field(ge=0, lt=_MOST_PIN)]
    ),
    StringConstraints(pattern=_PIN),
]
"""A PIN in a body; a number stands for its digits."""


CodePage = Annotated[
    Encoding,
    Field(json_schema_extra={"format": "code-page", "examples": ["utf-8", "cp1256", "gbk"]}),
]


class Strict(BaseModel):
    """A body."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True)


class OneDevice(Strict):
    """The device, where a path does not name it."""

    device_id: Id


class Pages(BaseModel):
    """Which page of a list, and how long a page is."""

    page: Annotated[int, Field(ge=1, le=1_000_000), Digits] = 1
    limit: Annotated[int, Field(ge=1, le=200), Digits] = 20
