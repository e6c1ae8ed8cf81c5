"""Answers as they are sent: what each dialect puts around data and around problems."""

from collections.abc import Sequence
from typing import Any, Final

from fastapi import Request
from pydantic import BaseModel
from starlette.responses import JSONResponse

from services.gateway import rules
from services.gateway.routes import faults
from services.gateway.routes.answers import (
    Error,
    Failure,
    Listed,
    Metadata,
    Paging,
    Success,
    TimmyFailure,
)
from services.gateway.routes.languages import Language, Said, language_of
from services.gateway.routes.views.base import seconds_of
from shared.contracts.errors import Code, Problem

V1: Final = "/api/v1"
TIMMY: Final = "/api"
_RETRY_SECONDS: Final = 10
"""The longest that auth makes anybody wait after failed logins."""


def plain(
    body: BaseModel, status: int = 200, headers: dict[str, str] | None = None
) -> JSONResponse:
    """Return an answer that is the model and nothing else."""
    return JSONResponse(body.model_dump(mode="json", by_alias=True), status, headers=headers)


def success(request: Request, said: Said, data: BaseModel, status: int = 200) -> JSONResponse:
    """Return an answer of /api/v1 that holds one thing."""
    return plain(Success(message=said.to(language_asked(request)), data=data), status)


def listing(
    request: Request,
    said: Said,
    items: Sequence[BaseModel],
    paging: Paging,
    *,
    cached: bool | None = None,
) -> JSONResponse:
    """Return an answer of /api/v1 that holds one page of a list; None: no cache was asked."""
    body: Listed[BaseModel] = Listed(
        message=said.to(language_asked(request)), data=list(items), metadata=paging
    )
    headers = {} if cached is None else {"X-Cache": "hit" if cached else "miss"}
    return plain(body, headers=headers)


def paging(page: int, limit: int, total: int) -> Paging:
    """Return the metadata of a list."""
    pages = rules.pages_of(total, limit)
    return Paging(page=page, limit=limit, total=total, total_pages=pages)


def failure(
    request: Request,
    problem: Problem,
    headers: dict[str, str] | None = None,
    more: dict[str, Any] | None = None,
) -> JSONResponse:
    """Return a problem in the dialect of the request's path; ``more`` is for /api alone."""
    path = f"{request.url.path}/"
    headers = {**_headers(problem), **(headers or {})}
    if path.startswith(f"{TIMMY}/") and not path.startswith(f"{V1}/"):
        return _timmy(request, faults.as_timmy(problem), headers, more or {})
    return plain(_v1(request, problem), problem.status, headers)


def _headers(problem: Problem) -> dict[str, str]:
    match problem.status:
        case 401:
            return {"WWW-Authenticate": "Bearer"}
        case 429:
            return {"Retry-After": str(_RETRY_SECONDS)}
        case _:
            return {}


def _v1(request: Request, problem: Problem) -> Failure:
    language = language_asked(request)
    return Failure(
        message=faults.message_of(problem.code, language),
        error=Error(
            code=problem.code,
            type=faults.type_of(problem.code),
            details=faults.details_of(problem, language),
            fields=problem.fields,
        ),
        metadata=Metadata(
            timestamp=seconds_of(request.state.received_at),
            request_id=request.state.request_id,
        ),
    )


def _timmy(
    request: Request, problem: Problem, headers: dict[str, str], more: dict[str, Any]
) -> JSONResponse:
    language = language_asked(request)
    body = TimmyFailure(
        success=False,
        error=faults.word_of(problem.code),
        message=faults.message_of(problem.code, language),
        details=faults.details_of(problem, language),
        fields=problem.fields,
    ).model_dump(mode="json")
    # Whoever probes serial numbers learns nothing by what else is said.
    said = body if problem.code is Code.DEVICE_OFFLINE else {**body, **more}
    return JSONResponse(said, problem.status, headers=headers)


def language_asked(request: Request) -> Language | None:
    """Return the language that a request asks for; None when it does not say."""
    return language_of(request.headers.get("accept-language", ""))
