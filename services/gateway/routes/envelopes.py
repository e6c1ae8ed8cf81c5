"""The shapes of answers: what each dialect puts around data and around problems."""

from datetime import datetime
from typing import Any, Final

from fastapi import Request
from starlette.responses import JSONResponse

from services.gateway import rules
from services.gateway.routes import words
from shared.contracts.errors import Code, Problem
from shared.kit.clock import iso

V1: Final = "/api/v1"
TIMMY: Final = "/api"
_RETRY_SECONDS: Final = 10
"""The longest that auth makes anybody wait after failed logins."""


def seconds_of(moment: datetime | None) -> str | None:
    """Return a moment in whole seconds with Z, as /api/v1 writes it."""
    return None if moment is None else iso(moment, timespec="seconds")


def success(
    request: Request,
    said: words.Said,
    data: object,
    status: int = 200,
    paging: dict[str, int] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Return an answer of /api/v1."""
    content: dict[str, Any] = {"status": True, "message": said.to(_language(request))}
    content["data"] = data
    if paging is not None:
        content["metadata"] = paging
    return JSONResponse(content, status, headers=headers)


def paging(page: int, limit: int, total: int) -> dict[str, int]:
    """Return the metadata of a list."""
    pages = rules.pages_of(total, limit)
    return {"page": page, "limit": limit, "total": total, "total_pages": pages}


def failure(
    request: Request, problem: Problem, headers: dict[str, str] | None = None
) -> JSONResponse:
    """Return a problem in the dialect of the request's path."""
    path = f"{request.url.path}/"
    spoken = path.startswith(f"{TIMMY}/") and not path.startswith(f"{V1}/")
    content = _timmy(request, problem) if spoken else _v1(request, problem)
    return JSONResponse(content, problem.status, headers={**_headers(problem), **(headers or {})})


def _headers(problem: Problem) -> dict[str, str]:
    match problem.status:
        case 401:
            return {"WWW-Authenticate": "Bearer"}
        case 429:
            return {"Retry-After": str(_RETRY_SECONDS)}
        case _:
            return {}


def _v1(request: Request, problem: Problem) -> dict[str, Any]:
    language = _language(request)
    error: dict[str, Any] = {
        "code": problem.code,
        "type": type_of(problem.code),
        "details": words.details_of(problem, language),
    }
    if problem.fields:
        error["fields"] = [each.model_dump() for each in problem.fields]
    return {
        "status": False,
        "message": words.message_of(problem.code, language),
        "error": error,
        "metadata": {
            "timestamp": seconds_of(request.state.received_at),
            "request_id": request.state.request_id,
            "api_version": "v1",
        },
    }


def _timmy(request: Request, problem: Problem) -> dict[str, Any]:
    language = _language(request)
    content: dict[str, Any] = {
        "success": False,
        "error": problem.code.lower(),
        "message": words.message_of(problem.code, language),
        "details": words.details_of(problem, language),
    }
    if problem.fields:
        content["fields"] = [each.model_dump() for each in problem.fields]
    return content


def type_of(code: Code) -> str:
    """Return the word for an error's kind: ``NOT_FOUND`` is a ``NotFoundError``."""
    name = "".join(part.capitalize() for part in code.split("_"))
    return name if name.endswith("Error") else f"{name}Error"


def _language(request: Request) -> words.Language | None:
    return words.language_of(request.headers.get("accept-language", ""))
