"""What a simulated terminal is asked to be: one entry of the fleet file or one --device option."""

from __future__ import annotations

import codecs
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from services.devices.simulators.profiles import PROFILES
from services.devices.simulators.quirks import (
    Closing,
    Empty,
    Enrols,
    LogWidth,
    Second,
    Sizes,
    Transport,
    Unknown,
    UserWidth,
    Writes,
)


class SpecError(Exception):
    """A device is described wrongly; the sentence names the field, never its value."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as problem:
        sentence = f"{name!r} is no IANA time zone"
        raise ValueError(sentence) from problem
    return name


def _known_encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError as problem:
        sentence = f"{name!r} is no code page that Python knows"
        raise ValueError(sentence) from problem


def _known_profile(name: str) -> str:
    if name not in PROFILES:
        sentence = f"{name!r} is none of {', '.join(PROFILES)}"
        raise ValueError(sentence)
    return name


def _none_word(value: object) -> object:
    return None if value == "none" else value


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) else value


def _text_as_number(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _second(value: object) -> object:
    words = {True: Second.RESET, "true": Second.RESET, False: Second.SERVED, "false": Second.SERVED}
    return words.get(value, value) if isinstance(value, str | bool) else value


class DeviceSpec(BaseModel):
    """One terminal of the fleet; fields not given are those of its `profile`.

    `key` is the comm key; none means firmware that asks for no key at all, while 0 is asked for
    and proven like any other (most firmware since 2015). `drift` is how many seconds the wall clock
    is ahead. `packet` is the largest payload of one DATA packet over TCP; `pace` is how many
    seconds pass after each packet (real ones take 0.002 and more, and some clients cannot do
    without). `live_width` is the length of a live punch; one that no terminal was seen to
    use is a form nobody knows. `one_connection` may also be true, which is `reset`. `templates` is
    how many fingers are enrolled at the start, `garbage` whether memory shows behind the NUL of a
    text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    serial: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    profile: Annotated[str, AfterValidator(_known_profile)] = "zmm220"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 4370
    transport: Transport = Transport.BOTH
    name: str = "Front door"
    platform: str = "ZMM220_TFT"
    firmware: str = "Ver 6.60 Apr 26 2016"
    zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    encoding: Annotated[str, AfterValidator(_known_encoding)] = "utf-8"
    key: Annotated[int | None, Field(ge=0, le=0xFFFFFFFF), BeforeValidator(_none_word)] = 0
    users: Annotated[int, Field(ge=0, le=60_000)] = 20
    templates: Annotated[int, Field(ge=0)] = 0
    records: Annotated[int, Field(ge=0)] = 0
    drift: int = 0
    packet: Annotated[int, Field(ge=64, le=65_536)] = 65_528
    pace: Annotated[float, Field(ge=0, le=1)] = 0
    writes: Writes = Writes.WHOLE
    closing: Closing = Closing.RESULT
    empty: Empty = Empty.ZERO
    unknown: Annotated[Unknown, BeforeValidator(_number_as_text)] = Unknown.FFFF
    sizes: Sizes = Sizes.FULL
    log_width: Annotated[LogWidth, BeforeValidator(_number_as_text)] = LogWidth.FORTY
    user_width: Annotated[UserWidth, BeforeValidator(_text_as_number)] = UserWidth.WIDE
    live_width: Annotated[int, Field(ge=1, le=1024)] = 32
    one_connection: Annotated[Second, BeforeValidator(_second)] = Second.SERVED
    garbage: bool = False
    enrols: Enrols = Enrols.OK

    @model_validator(mode="before")
    @classmethod
    def _of_profile(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        profile = given.get("profile", "zmm220")
        return {**PROFILES.get(profile, {}), **given} if isinstance(profile, str) else given


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
