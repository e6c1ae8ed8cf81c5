"""The OpenAPI document says of every route what can really come of it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from services.gateway.routes import faults
from services.gateway.routes.documents import describe
from services.gateway.routes.table import Route
from shared.contracts.auth import GRANTS, Permission
from shared.contracts.errors import CATALOGUE, Code
from shared.kit.errors import MusterError
from tests.unit.gateway.test_routes import served, the_application

DOCUMENT = describe(the_application())
ROUTES = served()


def operation(name: str) -> dict[str, Any]:
    method, path = name.split(" ")
    found: dict[str, Any] = DOCUMENT["paths"][path][method.lower()]
    return found


def told(part: dict[str, Any]) -> dict[str, Any]:
    """What is meant, be it told in its place or in another."""
    if "$ref" not in part:
        return part
    kind, name = part["$ref"].removeprefix("#/components/").split("/")
    found: dict[str, Any] = DOCUMENT["components"][kind][name]
    return found


def told_as(name: str, code: Code) -> tuple[int, str]:
    """The status and the word of a failure, in the dialect of a route."""
    if name.split(" ")[1].startswith("/api/v1/"):
        return CATALOGUE[code].status, code
    problem = faults.as_timmy(MusterError(code).problem)
    return problem.status, faults.word_of(problem.code)


def statuses(name: str) -> set[int]:
    return {int(status) for status in operation(name)["responses"]}


@pytest.mark.parametrize(("name", "route"), ROUTES.items())
def test_a_route_lists_its_own_statuses(name: str, route: Route) -> None:
    found = statuses(name)
    assert found >= {answer.status for answer in route.answers}
    assert found >= {told_as(name, code)[0] for code in route.fails}
    public = route.permission is Permission.PUBLIC
    assert ("security" in operation(name)) is not public
    assert (401 in found) or public
    some_may_not = any(route.permission not in granted for granted in GRANTS.values())
    # Of some jobs only the registry knows who may change them.
    refused = {Code.FORBIDDEN, Code.APP_LOGIN_DISABLED} & set(route.fails)
    assert (403 in found) is ((some_may_not and not public) or bool(refused))
    body = operation(name).get("requestBody")
    assert (413 in found) is bool(body)
    # A path of /api that names nothing is a 404, whatever stands in it.
    wrong = {"query", "header"} | ({"path"} if name.split(" ")[1].startswith("/api/v1/") else set())
    takes = body or [each for each in operation(name).get("parameters", []) if each["in"] in wrong]
    assert (400 in found) is bool(takes)


@pytest.mark.parametrize("name", ROUTES)
def test_every_answer_has_a_form_and_an_example(name: str) -> None:
    for status, response in operation(name)["responses"].items():
        ((media, body),) = told(response)["content"].items()
        assert (media == "application/json") is not name.endswith("/image") or int(status) >= 400
        assert body["schema"], status
        assert ("example" in body) is (int(status) < 300)
        assert ("examples" in body) is (int(status) >= 400)
        for code, shown in body.get("examples", {}).items():
            error = told(shown)["value"]["error"]
            word = error if isinstance(error, str) else error["code"]
            assert (int(status), word) == told_as(name, Code(code))


@pytest.mark.parametrize(("name", "route"), ROUTES.items())
def test_what_it_is_besides_is_said(name: str, route: Route) -> None:
    found = operation(name)
    assert (found["x-origin"], found["x-permission"]) == (route.origin, route.permission)
    prefix = name.split(" ")[1].removesuffix(route.paths[0])
    assert found["x-aliases"] == [f"{prefix}{alias}" for alias in route.paths[1:]]


def test_every_reference_leads_somewhere() -> None:
    def references(part: Any) -> set[str]:
        if isinstance(part, dict):
            own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            return own.union(*(references(each) for each in part.values()))
        return set().union(*map(references, part)) if isinstance(part, list) else set()

    components = {
        f"#/components/{kind}/{name}"
        for kind, named in DOCUMENT["components"].items()
        for name in named
    }
    assert references(DOCUMENT) <= components
    assert "#/components/schemas/HTTPValidationError" not in components


def test_no_secret_is_in_what_goes_out() -> None:
    shown = {
        name: schema.get("properties", {})
        for name, schema in DOCUMENT["components"]["schemas"].items()
    }
    for name in ("Device", "DeviceInfo", "DeviceUser", "SavedUser", "TemplateKept"):
        assert not {"password", "comm_key", "data"} & set(shown[name])
    for name in ("Employee", "LoggedIn", "MobilePunch", "EmployeePunch", "Pending"):
        assert not {"password", "jpeg", "token"} & set(shown[name])
    for name in ("NewDevice", "WholeDevice", "DeviceChange"):
        assert shown[name]["password"]["writeOnly"]


def of_timmy() -> list[str]:
    return [name for name in ROUTES if not name.split(" ")[1].startswith("/api/v1/")]


@pytest.mark.parametrize("name", of_timmy())
def test_examples_of_timmy_have_the_form_of_their_answers(name: str) -> None:
    for answer in ROUTES[name].answers:
        if answer.media == "application/json":
            form = TypeAdapter(answer.form)
            shown = form.validate_python(answer.example)
            assert form.dump_python(shown, mode="json", by_alias=True) == answer.example


def test_timmy_knows_no_502() -> None:
    assert not [name for name in of_timmy() if 502 in statuses(name)]


def test_every_schema_has_a_name_of_its_own() -> None:
    assert not [each for each in DOCUMENT["components"]["schemas"] if "__" in each or "-" in each]
