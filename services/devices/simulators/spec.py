"""What a simulated terminal is asked to be: one entry of the fleet file or one --device option."""

from __future__ import annotations

import codecs
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
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

from services.devices.simulators.faults import QUIRKS, Fault
from services.devices.simulators.profiles import FAMILIES, PROFILES
from services.devices.simulators.quirks import (
    Closing,
    Dialect,
    Empty,
    Enrols,
    Family,
    LogWidth,
    Paging,
    Second,
    Sizes,
    Transport,
    Unknown,
    UserWidth,
    Writes,
)

# What terminals ask for when nobody typed a path.
_PATH = "/pub/chat"


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


def _dialed(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"ws", "wss"} or not parts.hostname:
        sentence = "not of the form ws://host:port/path"
        raise ValueError(sentence)
    return url if parts.path else f"{url}{_PATH}"


def _words(value: object) -> object:
    return [word for word in value.split("+") if word] if isinstance(value, str) else value


def _quirks(faults: frozenset[Fault]) -> frozenset[Fault]:
    if faults - QUIRKS:
        sentence = f"only {', '.join(sorted(QUIRKS))} can last for ever"
        raise ValueError(sentence)
    return faults


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

    A terminal of the dialect timmy dials `server` and begins with what its `family` is like. Its
    `records` are acknowledged, the `backlog` on top of them is not. `page_size` 0 is 40 people or
    50 records. After a lost connection it waits `heartbeat` seconds, for an answer `patience`
    seconds, a quarter of it after senduser. `deletes` is the code with which deleteuser forgets
    all of a person, `capacity` how many people and how many credentials of a kind it holds.
    `quirks` are faults for ever: a list, or words with + between them.
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
    dialect: Dialect = Dialect.ZK
    server: Annotated[str, AfterValidator(_dialed)] = f"ws://127.0.0.1:9091{_PATH}"
    family: Family = Family.C
    paging: Paging = Paging.TOTAL
    page_size: Annotated[int, Field(ge=0, le=10_000)] = 0
    backlog: Annotated[int, Field(ge=0)] = 0
    algorithm: Literal["thbio1.0", "thbio3.0"] = "thbio3.0"
    heartbeat: Annotated[float, Field(gt=0, le=3600)] = 3
    patience: Annotated[float, Field(gt=0, le=3600)] = 20
    deletes: Annotated[Literal[0, 12, 13], BeforeValidator(_text_as_number)] = 13
    capacity: Annotated[int, Field(ge=0)] = 5_000
    quirks: Annotated[frozenset[Fault], BeforeValidator(_words), AfterValidator(_quirks)] = (
        frozenset()
    )

    @model_validator(mode="before")
    @classmethod
    def _of_profile(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        if given.get("dialect") == Dialect.TIMMY:
            table, name = FAMILIES, given.get("family", Family.C)
        else:
            table, name = PROFILES, given.get("profile", "zmm220")
        return {**table.get(name, {}), **given} if isinstance(name, str) else given


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
