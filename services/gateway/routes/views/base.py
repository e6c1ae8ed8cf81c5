"""What every view has in common."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema

from shared.contracts.errors import Code
from shared.kit.clock import iso


def seconds_of(moment: datetime) -> str:
    """Return a moment in whole seconds with Z, as /api/v1 writes it."""
    return iso(moment, timespec="seconds")


Moment = Annotated[
    datetime,
    PlainSerializer(seconds_of),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
"""A moment, written in whole seconds with Z."""


class View(BaseModel):
    """What stands in the ``data`` of an answer; a field with a default may be left out."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    @classmethod
    def of(cls, found: BaseModel, **more: Any) -> Self:
        """Return a message of the bus as it is shown; ``more`` is what it does not have itself."""
        return cls.model_validate({**dict(found), **more})


class Nothing(View):
    """There is nothing to tell."""


class Problem(View):
    """What is wrong with something, where that is data and not the answer."""

    code: Code
    details: str
