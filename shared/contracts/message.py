"""The base of every message: immutable, strict about what it knows, silent about the rest."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    SecretBytes,
    SecretStr,
    SerializationInfo,
    StringConstraints,
)


class Message(BaseModel):
    """One body on the bus.

    Unknown fields are ignored, so that a newer sender may add some; within a version fields are
    only ever added, and a new field always has a default.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        ser_json_bytes="base64",
        val_json_bytes="base64",
        # Errors are logged: a password that is too long must not be seen there.
        hide_input_in_errors=True,
    )


def _as_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_as_utc)]
"""A moment, always aware and always UTC inside the system."""

OwnerId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{24}$")]
"""Whose things these are: 24 hexadecimal digits."""

SiteId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
"""A place with its own network; unique across owners and fit to be one token of a subject."""

_NO_ZONE: Final = "must be an IANA zone such as Asia/Jakarta"


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError):
        raise ValueError(_NO_ZONE) from None


def _without_nul(text: str) -> str:
    return text.replace("\0", "")


DeviceText = Annotated[str, AfterValidator(_without_nul)]
"""Text that may quote a device; without NUL, which devices pad with and no database holds."""

ZoneName = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(_zone)]
"""The IANA name of a time zone."""


def _hidden(secret: SecretStr, info: SerializationInfo) -> str:
    revealed = isinstance(info.context, dict) and info.context.get("reveal")
    return secret.get_secret_value() if revealed else str(secret)


Secret = Annotated[SecretStr, PlainSerializer(_hidden)]
"""Hidden in every text form; the kit reveals it on the wire between two services only."""


def _decoded(sent: object) -> object:
    if not isinstance(sent, str):
        return sent
    try:
        return base64.b64decode(sent, validate=True)
    except binascii.Error:
        message = "must be base64"
        raise ValueError(message) from None


def _hidden_bytes(secret: SecretBytes, info: SerializationInfo) -> str:
    revealed = isinstance(info.context, dict) and info.context.get("reveal")
    return base64.b64encode(secret.get_secret_value()).decode() if revealed else str(secret)


SecretData = Annotated[
    SecretBytes, BeforeValidator(_decoded, str), PlainSerializer(_hidden_bytes, return_type=str)
]
"""The same for bytes; on the wire they are base64."""
