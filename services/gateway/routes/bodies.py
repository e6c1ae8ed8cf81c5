"""Reading JSON bodies: whatever their Content-Type says, after the caller was let in."""

import json
from math import isfinite
from typing import Any, Final, Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from shared.contracts.errors import Code, FieldProblem
from shared.kit.errors import MusterError
from shared.kit.rpc import problem_fields

LIMIT: Final = 1024 * 1024
"""The most bytes a body may have, where a route does not say otherwise."""
B = TypeVar("B", bound=BaseModel)


class Sent(Generic[B]):
    """The dependency that reads a body of one shape; a missing body is an empty one."""

    def __init__(self, shape: type[B], limit: int = LIMIT) -> None:
        self.shape = shape
        self._limit = limit
        self._names = tuple(shape.model_json_schema().get("properties", ()))

    async def __call__(self, request: Request) -> B:
        """Return the body; raise VALIDATION_ERROR naming its fields, or TOO_LARGE."""
        sent = _parsed(await _read(request, self._limit))
        if bad := [name for name in self._names if _holds_nul(sent.get(name))]:
            # Postgres cannot store it, and no text that a person typed has one.
            raise invalid(
                tuple(FieldProblem(field=name, problem="must not hold a NUL") for name in bad)
            )
        try:
            return self.shape.model_validate(sent)
        except ValidationError as error:
            raise invalid(problem_fields(error)) from None


def invalid(fields: tuple[FieldProblem, ...]) -> MusterError:
    """Return the error for fields that are wrong."""
    named = tuple(
        FieldProblem(field=each.field or "body", problem=each.problem.removeprefix("Value error, "))
        for each in fields
    )
    details = "; ".join(f"{each.field}: {each.problem}" for each in named)
    return MusterError(Code.VALIDATION_ERROR, details, fields=named)


async def _read(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise MusterError(Code.TOO_LARGE, f"A body may have {limit} bytes.")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise MusterError(Code.TOO_LARGE, f"A body may have {limit} bytes.")
    return bytes(body)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        sent = json.loads(body, parse_float=_number, parse_constant=_number) if body.strip() else {}
    except (ValueError, RecursionError):
        raise invalid((FieldProblem(field="body", problem="is not valid JSON"),)) from None
    if not isinstance(sent, dict):
        raise invalid((FieldProblem(field="body", problem="must be a JSON object"),))
    return sent


def _number(text: str) -> float:
    # In JSON 5.0 is the whole number 5, and NaN is none; only Python thinks otherwise.
    number = float(text)
    if not isfinite(number):
        raise ValueError(text)
    return int(number) if number.is_integer() else number


def _holds_nul(value: object) -> bool:
    return isinstance(value, str) and "\0" in value
