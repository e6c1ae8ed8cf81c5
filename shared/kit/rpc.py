"""Questions and answers over the bus: who asks is verified by whoever answers.

The caller's token travels in the ``authorization`` header; an answer is ``{"ok": …}`` or
``{"error": Problem}``, so that a failure is an answer too and nobody waits for a timeout.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import nats.errors
from pydantic import BaseModel, ValidationError

from shared.contracts.auth import Caller, Permission
from shared.contracts.catalog import Question
from shared.contracts.errors import Code, FieldProblem, Problem
from shared.contracts.message import Message
from shared.kit import telemetry
from shared.kit.bus import WORKERS, Bus
from shared.kit.db import UNAVAILABLE
from shared.kit.denials import PublishDeniedError
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger
from shared.kit.security import TokenVerifier

log = get_logger(__name__)
R = TypeVar("R", bound=Message)
Q = TypeVar("Q", bound=Message)

ANSWER_SECONDS: Final = 5.0


class _Answer(BaseModel):
    error: Problem | None = None


def problem_fields(error: ValidationError) -> tuple[FieldProblem, ...]:
    """Return what pydantic found, a field at a time, without the values that were sent."""
    return tuple(
        FieldProblem(field=".".join(str(part) for part in each["loc"]), problem=each["msg"])
        for each in error.errors(include_url=False, include_input=False, include_context=False)
    )


async def ask(  # noqa: PLR0913 - what is asked, of whom, as whom, for how long
    bus: Bus,
    question: Question,
    request: Message,
    reply: type[R],
    *,
    subject: str | None = None,
    token: str | None = None,
    seconds: float = ANSWER_SECONDS,
) -> R:
    """Ask and return the answer; raise MusterError for a problem, no answer or nobody there.

    ``subject`` is needed where the question's own has a place for a site or a device.
    """
    headers = telemetry.carry({"content-type": "application/json"})
    if token:
        headers["authorization"] = token
    where = subject or question.subject
    with telemetry.span(f"ask {question.subject}", telemetry.SpanKind.CLIENT):
        try:
            body = await bus.request(where, _dump(request), headers, seconds)
        except nats.errors.NoRespondersError as error:
            code = Code.NO_AGENT if question.service == "agent" else Code.SERVICE_UNAVAILABLE
            raise MusterError(code) from error
        except (nats.errors.TimeoutError, TimeoutError) as error:
            raise MusterError(Code.TIMEOUT, f"{question.service} did not answer in time") from error
        except (nats.errors.Error, PublishDeniedError) as error:
            log.exception("question not sent", subject=where)
            raise MusterError(Code.SERVICE_UNAVAILABLE) from error
    try:
        return _load(body, reply)
    except ValidationError as error:
        log.exception("defect: this is no answer", subject=where)
        raise MusterError(Code.INTERNAL_ERROR) from error


def _dump(request: Message) -> bytes:
    # Secrets are hidden in every text form; only here, on the wire, they are what they are.
    return request.model_dump_json(context={"reveal": True}).encode()


def _load(body: bytes, reply: type[R]) -> R:
    if body.startswith(b'{"error"'):
        problem = _Answer.model_validate_json(body).error
        if problem is not None:
            raise MusterError.of(problem)
    return reply.model_validate_json(body)


class Answers:
    """Answers questions on the bus, each after it has verified who asks."""

    def __init__(self, bus: Bus, verifier: TokenVerifier) -> None:
        self._bus = bus
        self._verifier = verifier

    def to_callers(
        self,
        question: Question,
        request: type[Q],
        handler: Callable[[Q, Caller], Awaitable[Message]],
        *,
        workers: int = WORKERS,
    ) -> None:
        """Answer a question for verified callers who hold the question's permission.

        ``workers`` is how many answers may be under way at once; more where an answer waits long.
        """
        permission = question.permission
        if permission is None or permission is Permission.PUBLIC:
            msg = f"{question.subject} declares no permission of a caller"
            raise TypeError(msg)

        async def answer(_: str, body: bytes, headers: dict[str, str]) -> Message:
            caller = await self._verifier.verify(headers.get("authorization"))
            if not caller.may(permission):
                raise MusterError(Code.FORBIDDEN)
            return await handler(_parsed(request, body), caller)

        self._bus.on_request(question.subject, _enveloped(question, answer), workers=workers)

    def to_anyone(
        self,
        question: Question,
        request: type[Q],
        handler: Callable[[Q], Awaitable[Message]],
        *,
        workers: int = WORKERS,
    ) -> None:
        """Answer a question that needs no token: a public one, or one between parts of muster."""
        if question.permission not in {None, Permission.PUBLIC}:
            msg = f"{question.subject} demands {question.permission}"
            raise TypeError(msg)

        async def answer(_: str, body: bytes, __: dict[str, str]) -> Message:
            return await handler(_parsed(request, body))

        self._bus.on_request(question.subject, _enveloped(question, answer), workers=workers)


def answer_at(
    bus: Bus,
    question: Question,
    subject: str,
    request: type[Q],
    handler: Callable[[str, Q], Awaitable[Message]],
) -> None:
    """Answer a question of another part of muster at ``subject``, which the handler is told."""

    async def answer(at: str, body: bytes, _: dict[str, str]) -> Message:
        return await handler(at, _parsed(request, body))

    bus.on_request(subject, _enveloped(question, answer))


def _parsed(request: type[Q], body: bytes) -> Q:
    """Return the request; what is wrong with it is the asker's fault, any later error is ours."""
    try:
        return request.model_validate_json(body)
    except ValidationError as error:
        fields = problem_fields(error)
        details = "; ".join(f"{each.field}: {each.problem}" for each in fields)
        raise MusterError(Code.VALIDATION_ERROR, details, fields=fields) from None


def _enveloped(
    question: Question, answer: Callable[[str, bytes, dict[str, str]], Awaitable[Message]]
) -> Callable[[str, bytes, dict[str, str]], Awaitable[bytes]]:
    async def enveloped(subject: str, body: bytes, headers: dict[str, str]) -> bytes:
        with telemetry.span(
            f"answer {question.subject}", telemetry.SpanKind.SERVER, headers=headers
        ):
            try:
                return (
                    (await answer(subject, body, headers))
                    .model_dump_json(context={"reveal": True})
                    .encode()
                )
            except Exception as error:  # noqa: BLE001 - every failure must become an answer
                return _Answer(error=problem_of(error)).model_dump_json().encode()

    return enveloped


def problem_of(error: Exception) -> Problem:
    """Return the problem that stands for any exception; a defect is logged, not shown."""
    match error:
        case MusterError():
            return error.problem
        case _ if isinstance(error, (*UNAVAILABLE, nats.errors.Error, asyncio.TimeoutError)):
            log.warning("not available", error=repr(error)[:300])
            return MusterError(Code.SERVICE_UNAVAILABLE).problem
        case _:
            log.error("defect", exc_info=error)
            return MusterError(Code.INTERNAL_ERROR).problem
