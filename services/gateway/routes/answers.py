"""The whole bodies of answers, as models: what stands around data, and around problems."""

from typing import Any, Final, Generic, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from services.gateway.routes import faults, words
from services.gateway.routes.examples import example_of
from services.gateway.routes.languages import Said
from services.gateway.routes.views.jobs import QueuedJob
from shared.contracts.errors import CATALOGUE, Code, FieldProblem

D = TypeVar("D")
_ALWAYS_THERE: Final = ConfigDict(json_schema_serialization_defaults_required=True)
_AT: Final = "2024-02-05T14:30:00Z"


class Success(BaseModel, Generic[D]):
    """An answer of /api/v1."""

    model_config = _ALWAYS_THERE

    status: Literal[True] = True
    message: str
    data: D


class Paging(BaseModel):
    """Which page of a list, and how many there are."""

    page: int
    limit: int
    total: int
    total_pages: int


class Listed(Success[list[D]], Generic[D]):
    """One page of a list."""

    metadata: Paging


class Error(BaseModel):
    """What went wrong; ``fields`` is only there when fields of the request did."""

    code: Code
    type: str
    details: str
    fields: tuple[FieldProblem, ...] = Field(default=(), exclude_if=lambda found: not found)


class Metadata(BaseModel):
    """Which request it was."""

    model_config = _ALWAYS_THERE

    timestamp: str
    request_id: str
    api_version: Literal["v1"] = "v1"


class Failure(BaseModel):
    """A problem as /api/v1 says it."""

    model_config = _ALWAYS_THERE

    status: Literal[False] = False
    message: str
    error: Error
    metadata: Metadata


def _is_none(value: object) -> bool:
    return value is None


_SOMETIMES: Final = Field(default=None, exclude_if=_is_none)


class TimmyFailure(BaseModel):
    """A problem as /api says it; what has a default is there only where it has a meaning."""

    success: Literal[False]
    error: str
    message: str
    details: str
    fields: tuple[FieldProblem, ...] = Field(default=(), exclude_if=lambda found: not found)
    offenders: tuple[Any, ...] = Field(default=(), exclude_if=lambda found: not found)
    """The ids that are no ids."""
    missing: int | None = _SOMETIMES
    """How many records of a log are not stored yet."""
    op: dict[str, Any] | None = _SOMETIMES
    """The operation, as it is."""
    op_id: str | None = Field(default=None, exclude_if=_is_none, serialization_alias="opId")
    status: str | None = _SOMETIMES
    response: dict[str, Any] | None = _SOMETIMES
    """What the device answered."""


class Answer(NamedTuple):
    """What a route says when all went well: its status, its form and an example of it."""

    status: int
    form: Any
    example: Any
    media: str = "application/json"


def one(said: Said, shape: type[BaseModel], status: int = 200) -> Answer:
    """Return the answer that holds one thing."""
    example = {"status": True, "message": said.document, "data": example_of(shape)}
    return Answer(status, Success[shape], example)  # type: ignore[valid-type]


def many(said: Said, shape: type[BaseModel]) -> Answer:
    """Return the answer that holds one page of a list."""
    paging = Paging(page=1, limit=20, total=1, total_pages=1).model_dump()
    example = {"status": True, "message": said.document, "data": [example_of(shape)]}
    return Answer(200, Listed[shape], {**example, "metadata": paging})  # type: ignore[valid-type]


LATER: Final = one(words.JOB_QUEUED, QueuedJob, 202)
"""The answer to whoever waited for a device long enough: the job is still open."""


def failure_like(code: Code) -> dict[str, Any]:
    """Return an example of a failure of /api/v1."""
    return Failure(
        message=faults.message_of(code, None),
        error=Error(code=code, type=faults.type_of(code), details=CATALOGUE[code].advice),
        metadata=Metadata(timestamp=_AT, request_id="req-abc-123"),
    ).model_dump(mode="json")


def timmy_failure_like(code: Code) -> dict[str, Any]:
    """Return an example of a failure of /api."""
    return TimmyFailure(
        success=False,
        error=faults.word_of(code),
        message=faults.message_of(code, None),
        details=CATALOGUE[code].advice,
    ).model_dump(mode="json")
