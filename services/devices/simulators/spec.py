"""What a simulated terminal is asked to be: one entry of the fleet file or one --device option."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)


class SpecError(Exception):
    """A device is described wrongly; the sentence names the field, never its value."""


class Empty(StrEnum):
    """How a terminal answers a read of an empty table; firmwares differ, all three occur."""

    ZERO = "zero"
    ERROR = "error"
    NO_DATA = "no_data"


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as problem:
        sentence = f"{name!r} is no IANA time zone"
        raise ValueError(sentence) from problem
    return name


def _none_word(value: object) -> object:
    return None if value == "none" else value


class DeviceSpec(BaseModel):
    """One terminal of the fleet.

    `key` is the comm key; none means firmware that asks for no key at all, while 0 is asked for
    and proven like any other (most firmware since 2015). `drift` is how many seconds the wall clock
    is ahead. `packet` is the largest payload of one DATA packet (1008 on older boards).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    serial: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 4370
    name: str = "Front door"
    zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    key: Annotated[int | None, Field(ge=0, le=0xFFFFFFFF), BeforeValidator(_none_word)] = 0
    users: Annotated[int, Field(ge=0, le=60_000)] = 20
    records: Annotated[int, Field(ge=0)] = 0
    drift: int = 0
    packet: Annotated[int, Field(ge=64, le=65_536)] = 65_528
    empty: Empty = Empty.ZERO


def parse_option(text: str) -> DeviceSpec:
    """Return the terminal that `name=value,name=value` describes; SpecError names the bad field."""
    fields: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not equals:
            sentence = f"{name!r} is not of the form name=value"
            raise SpecError(sentence)
        fields[name.strip()] = value.strip()
    try:
        return DeviceSpec.model_validate(fields)
    except ValidationError as problem:
        raise SpecError(_sentence(problem)) from problem


def parse_file(content: bytes) -> list[DeviceSpec]:
    """Return the terminals of a fleet file, a JSON list; SpecError names entry and field."""
    try:
        return TypeAdapter(list[DeviceSpec]).validate_json(content)
    except ValidationError as problem:
        raise SpecError(_sentence(problem)) from problem


def _sentence(problem: ValidationError) -> str:
    return "; ".join(
        ".".join(str(part) for part in error["loc"]) + f": {error['msg']}"
        for error in problem.errors(include_input=False)
    )
