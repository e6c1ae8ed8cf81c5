"""The OpenAPI document: made from the routes themselves, with the documents' own examples."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any, Final, Literal, NamedTuple

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter
from starlette.responses import JSONResponse, Response

from services.gateway.routes import faults
from services.gateway.routes.answers import (
    Answer,
    Failure,
    TimmyFailure,
    failure_like,
    timmy_failure_like,
)
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import V1
from services.gateway.routes.table import Route, declared
from shared.contracts.auth import GRANTS, Permission
from shared.contracts.errors import CATALOGUE, Code
from shared.kit.errors import MusterError

_TITLE: Final = "ZKTeco Device API and Timmy Device Manager API"
_VERSION: Final = "1.0.1"
_BEARER: Final = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
_REF: Final = "#/components/schemas/{model}"
_NEVER_SENT: Final = ("HTTPValidationError", "ValidationError")
Form = tuple[Any, Literal["serialization", "validation"]]
"""What a body is made of, and whether it goes out or comes in."""


class Documents:
    """Tells what the application answers to."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._made: dict[str, Any] | None = None

    async def openapi(self) -> Response:
        """Return the OpenAPI document."""
        if self._made is None:
            self._made = describe(self._app)
        return JSONResponse(self._made)

    def routes(self) -> tuple[Route, ...]:
        """Return the table of what is told."""
        return (
            Route(
                "GET",
                ("/openapi.json",),
                self.openapi,
                Permission.PUBLIC,
                "I",
                "This document",
                (Answer(200, dict[str, Any], {"openapi": "3.1.0"}),),
                (),
            ),
        )


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an application."""
    document = get_openapi(title=_TITLE, version=_VERSION, routes=app.routes)
    served = [_Served.of(each) for each in app.routes]
    shown = [each for each in served if each is not None]
    schemas = Schemas(each for one in shown for each in one.forms())
    for each in shown:
        path = document["paths"][each.path]
        each.complete(path[each.route.method.lower()], schemas)
    components = document.setdefault("components", {})
    failures = {failure.name: failure for each in shown for failure in each.failures()}
    components["examples"] = {n: e for each in failures.values() for n, e in each.examples()}
    components["responses"] = {n: each.response(schemas) for n, each in failures.items()}
    components["securitySchemes"] = {"bearer": _BEARER}
    # What the framework would say of bad input is never sent.
    own = {k: v for k, v in components.get("schemas", {}).items() if k not in _NEVER_SENT}
    components["schemas"] = dict(sorted({**own, **schemas.components}.items()))
    return document


class Schemas:
    """The schemas of everything sent and answered, each named once."""

    def __init__(self, forms: Iterable[Form]) -> None:
        inputs = [(form, mode, TypeAdapter(form)) for form, mode in dict.fromkeys(forms)]
        self._found, definitions = TypeAdapter.json_schemas(inputs, ref_template=_REF)
        self.components: dict[str, Any] = definitions.get("$defs", {})

    def of(self, form: Form, media: str = "application/json", **example: object) -> dict[str, Any]:
        """Return the content of a body of this form."""
        return {"content": {media: {"schema": self._found[form], **example}}}


class _Served(NamedTuple):
    """One route as it is served, and what it says of itself."""

    path: str
    route: Route
    dependant: Dependant

    @classmethod
    def of(cls, served: object) -> "_Served | None":
        route = declared(served)
        if route is None or not isinstance(served, APIRoute) or not served.include_in_schema:
            return None
        return cls(served.path_format, route, served.dependant)

    @property
    def body(self) -> type[BaseModel] | None:
        """The shape of the body, if it takes one."""
        calls = [each.call for each in self.dependant.dependencies]
        return next((call.shape for call in calls if isinstance(call, Sent)), None)

    @property
    def refusal(self) -> type[BaseModel]:
        """The form of every failure."""
        return Failure if self.path.startswith(f"{V1}/") else TimmyFailure

    def forms(self) -> Iterator[Form]:
        """Say which forms it needs."""
        yield from ((each.form, "serialization") for each in self.route.answers)
        yield self.refusal, "serialization"
        if self.body:
            yield self.body, "validation"

    def codes(self) -> set[Code]:
        """Return how it can fail: by its own word, by its parameters and by its permission.

        A path of /api that names nothing is said to by a 404, whatever stands in it.
        """
        codes, permission = set(self.route.fails), self.route.permission
        takes = self.dependant
        if self.body:
            codes |= {Code.VALIDATION_ERROR, Code.TOO_LARGE}
        if takes.path_params or takes.query_params or takes.header_params:
            codes.add(Code.VALIDATION_ERROR)
        if permission is not Permission.PUBLIC:
            codes |= {Code.UNAUTHORIZED, Code.SERVICE_UNAVAILABLE}
            if any(permission not in granted for granted in GRANTS.values()):
                codes.add(Code.FORBIDDEN)
        return codes

    def problems(self) -> set[tuple[int, Code]]:
        """Return the same as it is told in this dialect, with each status."""
        told = [MusterError(code).problem for code in self.codes()]
        if self.refusal is TimmyFailure:
            told = [faults.as_timmy(each) for each in told]
        return {(each.status, each.code) for each in told}

    def failures(self) -> Iterator["_Failing"]:
        """Return how it can fail, a status at a time."""
        by_status: dict[int, list[Code]] = {}
        for status, code in sorted(self.problems()):
            by_status.setdefault(status, []).append(code)
        for status, codes in sorted(by_status.items()):
            yield _Failing(status, tuple(codes), self.refusal)

    def complete(self, operation: dict[str, Any], schemas: Schemas) -> None:
        """Say what goes in and what comes out, a status at a time."""
        operation["responses"] = {
            str(each.status): {
                "description": HTTPStatus(each.status).phrase,
                **schemas.of((each.form, "serialization"), each.media, example=each.example),
            }
            for each in self.route.answers
        } | {str(each.status): each.reference for each in self.failures()}
        if self.route.permission is not Permission.PUBLIC:
            operation["security"] = [{"bearer": []}]
        if self.body:
            operation["requestBody"] = {
                "required": any(each.is_required() for each in self.body.model_fields.values()),
                **schemas.of((self.body, "validation")),
            }


class _Failing(NamedTuple):
    """How something can fail with one status; many routes share it, so it is told once."""

    status: int
    codes: tuple[Code, ...]
    form: type[BaseModel]

    @property
    def name(self) -> str:
        """What it is called: its form and its codes tell it from all others."""
        return ".".join((self.form.__name__, *self.codes))

    @property
    def reference(self) -> dict[str, str]:
        """Where it is told."""
        return _reference("responses", self.name)

    def examples(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Show each code, by the name of its example."""
        like = failure_like if self.form is Failure else timmy_failure_like
        for code in self.codes:
            yield self._example(code), {"value": like(code)}

    def response(self, schemas: Schemas) -> dict[str, Any]:
        """Say what comes out."""
        shown = {code.value: _reference("examples", self._example(code)) for code in self.codes}
        return {
            "description": "; ".join(CATALOGUE[code].message for code in self.codes),
            **schemas.of((self.form, "serialization"), examples=shown),
        }

    def _example(self, code: Code) -> str:
        return f"{self.form.__name__}.{code}"


def _reference(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
