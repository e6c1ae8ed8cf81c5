"""What the fleet control is asked: the bodies of its requests."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.devices.simulators.enrolment import Laying
from services.devices.simulators.faults import Fault
from services.devices.simulators.truth import STAMP

_MOST_AT_ONCE = 1_000_000


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


UserId = Annotated[str, BeforeValidator(_number_as_text), Field(pattern=r"^[\x21-\x7e]{1,24}$")]
State = Annotated[int, Field(strict=True, ge=0, le=255)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PunchBody(_Body):
    """Who punches and in which state (0 in, 1 out, ... 255 undefined)."""

    user_id: UserId
    state: State = 0


class BacklogBody(_Body):
    """How many punches came while nobody listened."""

    records: Annotated[int, Field(strict=True, ge=1, le=_MOST_AT_ONCE)]


class RecordBody(_Body):
    """A record with any wall-clock time, also one that no calendar has (31 February)."""

    user_id: UserId
    device_time: Annotated[str, Field(pattern=f"^{STAMP.pattern}$")]
    state: State = 0
    verify: State = 1


class DoorBody(_Body):
    """What the door reports: 0 closed, 1 opened, 2 exit button, ... 7 input alarm."""

    event: Annotated[int, Field(strict=True, ge=0, le=8)] = 1


class UserBody(_Body):
    """Who enrols at the keypad: `slot` is 0 to 9 a finger, 20 to 27 a face, 50 a photo."""

    user_id: Annotated[int, Field(ge=1, le=999_999_999_999)]
    name: Annotated[str, Field(max_length=64)] = ""
    slot: Annotated[int, Field(strict=True, ge=0, le=50)] = 50
    admin: Annotated[int, Field(strict=True, ge=0, le=2)] = 0


class FingerBody(_Body):
    """How somebody lays a finger on the sensor, once or several times."""

    results: Annotated[list[Laying], Field(min_length=1)]


class FaultBody(_Body):
    """The fault to put in force; `cut`, `fin` and `stall` come `after` so many bytes of tables.

    Of a Timmy terminal some have a `number`: seconds (`late`), bytes, or the reason of a refusal.
    """

    kind: Fault
    after: Annotated[int, Field(strict=True, ge=0)] = 0
    number: Annotated[int, Field(strict=True, ge=0)] = 0
