"""What callers send: bodies and queries, as the documents name their fields."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import Path
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from services.gateway import rules
from shared.contracts.attendance import ListPunches
from shared.contracts.auth import Email, Password
from shared.contracts.devices import RegisterDevice

_LARGEST_ID: Final = 2**31 - 1
_PLAIN: Final = r"^[^\x00-\x1f]+$"

Id = Annotated[int, Field(ge=1, le=_LARGEST_ID)]
DeviceId = Annotated[int, Path(ge=1, le=_LARGEST_ID)]
JobId = Annotated[str, Path(max_length=128, pattern=_PLAIN)]
UserId = Annotated[str, Path(max_length=64, pattern=_PLAIN)]


class Credentials(BaseModel):
    """An e-mail and its password."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"email": "danish@example.com", "password": "danish123"}}
    )

    email: Email
    password: Password


_NO_COMM_KEY: Final = "must be the device's comm key: digits, or empty for 0"


def _comm_key(sent: object) -> object:
    if isinstance(sent, str):
        digits = sent.strip() or "0"
        if digits.isascii() and digits.isdigit():
            return int(digits)
    elif isinstance(sent, int) and not isinstance(sent, bool):
        return sent
    raise ValueError(_NO_COMM_KEY)


class NewDevice(RegisterDevice):
    """A device as the document writes it: ``password`` is the comm key, as text."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Main Entrance Reader",
                "ip": "192.168.1.100",
                "port": 4370,
                "password": "",
                "location": "Building A - Main Entrance",
                "serial_number": "ZKT-001-2024",
            }
        }
    )

    comm_key: Annotated[
        int,
        BeforeValidator(_comm_key, json_schema_input_type=str),
        Field(ge=0, le=2**32 - 1, repr=False, validation_alias="password"),
    ] = 0


class OneDevice(BaseModel):
    """The device, where a path does not name it."""

    device_id: Id


class Unlocking(BaseModel):
    """How long the door stays unlocked, in seconds."""

    seconds: Annotated[
        int, Field(ge=1, le=60, validation_alias=AliasChoices("seconds", "auto_lock_in"))
    ] = 5


class UnlockingOne(Unlocking, OneDevice):
    """The same, where a path does not name the device."""


class Pages(BaseModel):
    """Which page of a list, and how long a page is."""

    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    limit: Annotated[int, Field(ge=1, le=200)] = 20


def _start(sent: object) -> object:
    return rules.start_of(sent) if isinstance(sent, str) and sent else None


def _end(sent: object) -> object:
    return rules.end_of(sent) if isinstance(sent, str) and sent else None


_EXAMPLE: Final = {"examples": ["2024-02-05"]}
Start = Annotated[datetime | None, BeforeValidator(_start, str), Field(json_schema_extra=_EXAMPLE)]
End = Annotated[datetime | None, BeforeValidator(_end, str), Field(json_schema_extra=_EXAMPLE)]


class Period(Pages):
    """Which punches, by time: a date is a whole UTC day, and both ends are included."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 20
    start_date: Start = None
    end_date: End = None

    def asking(self, device_id: int | None = None, user_id: str | None = None) -> ListPunches:
        """Return the question to attendance."""
        return ListPunches(
            page=self.page,
            limit=self.limit,
            device_id=device_id,
            user_id=user_id,
            start=self.start_date,
            end=self.end_date,
        )


class Punches(Period):
    """Which punches, by device and person as well."""

    device_id: Id | None = None
    user_id: Annotated[str | None, Field(max_length=64, pattern=_PLAIN)] = None
