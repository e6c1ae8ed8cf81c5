"""Every curl example of the document is typed as it stands, and answered as it shows."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from starlette.responses import JSONResponse

from tests.conftest import Platform
from tests.integration.timmy.document import DOCUMENT, Example, complete, examples, lacks
from tests.integration.timmy.house import House, Json, house, timmy

SOURCE, TARGET, AWAY = "ZXRE06022863", "TYSG18086518", "AWAY0001"
EXAMPLES = list(examples())
# The one exception: templates are shown to whoever may see them and asks for them.
NOT_UNASKED = {".records[].record: missing", ".records[].template: missing"}
WITHOUT_DATES = {
    "GET /api/operations": f"/operations?page=1&limit=20&sn={SOURCE}",
    "GET /api/fingerprints/employee": "/fingerprints/employee?page=1&limit=20",
    "GET /api/fingerprints/mobile-logs": "/fingerprints/mobile-logs?page=1&limit=20",
}
"""What is asked once more, for in the days that the document names nothing happened."""


async def forwarded() -> JSONResponse:
    return JSONResponse({"success": True, "forwarded": True})


async def refused() -> JSONResponse:
    return JSONResponse({"success": False})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    terminals = [timmy(SOURCE, backlog=5), timmy(TARGET)]
    async with house(platform, tmp_path_factory.mktemp("document"), terminals) as running:
        for serial in (SOURCE, TARGET):
            await running.register(serial)
        await running.register(AWAY, waits=False)
        await running.recorded(SOURCE, 5)
        await running.said("GET", f"/device/{SOURCE}/users")
        running.receiver.always = forwarded
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def substitutions(home: House) -> dict[str, str]:
    """The one table of what is put into the examples."""
    waiting = await home.said("POST", f"/device/{AWAY}/delete-users", {"enrollIds": [1]})
    mustafa = {"enroll_id": "122", "username": "m", "password": "p", "fullName": "mustafa"}
    employee = (await home.said("POST", "/employees", mustafa))["item"]
    people = [int(pin) for pin in home.terminal(SOURCE).device.pins()[:2]]
    return {
        "http://localhost:9090": home.url,
        "64f5...abc": waiting["results"][0]["opId"],
        "69256416bd792a2ff963a6c9": employee["_id"],
        # People who are on the terminal.
        '"enrollIds":[2,3],': f'"enrollIds":{json.dumps(people)},',
    }


async def typed(command: str, home: House, directory: Path) -> tuple[int, Any]:
    """Type a command into a shell; return the status and the body of its answer."""
    (directory / ".curlrc").write_text('write-out = "\\n%{http_code}"\n', encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", command),
        env={
            "PATH": os.defpath,
            "CURL_HOME": str(directory),
            "TOKEN": home.admin["Authorization"].removeprefix("Bearer "),
            "EMPLOYEE_TOKEN": home.employee["Authorization"].removeprefix("Bearer "),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await asyncio.wait_for(process.communicate(), 70)
    assert process.returncode == 0, error.decode()
    body, _, status = out.decode().rpartition("\n")
    return int(status), json.loads(body)


def test_no_example_is_left_out() -> None:
    assert len(EXAMPLES) == DOCUMENT.count("localhost:9090/api/") == 20
    without = [each.name for each in EXAMPLES if each.answer is None]
    assert [name.split("/")[2] for name in without] == ["employees"] * 3


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each.name)
async def test_an_example_is_answered_as_shown(
    home: House, substitutions: dict[str, str], tmp_path: Path, example: Example
) -> None:
    if example.name == "POST /api/fingerprints/retry-failed":
        # Something must be undelivered, and stay so.
        home.receiver.always = refused
        await home.said("POST", "/fingerprints/app", {"event": 0}, home.employee)
    command = example.command
    for shown, there in substitutions.items():
        command = command.replace(shown, there)
    status, said = await typed(command, home, tmp_path)
    assert status == 200, said
    if example.answer is None:
        assert said["success"] is True
        return
    if example.name in WITHOUT_DATES:
        assert set(example.answer) <= set(said)
        who = home.employee if "EMPLOYEE" in command else home.admin
        said = await home.said("GET", WITHOUT_DATES[example.name], who=who)
    assert set(lacks(example.answer, said)) <= NOT_UNASKED


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"a": 1, "b": [{"c": "x"}]}, []),
        ({"a": 1.5, "b": [{"c": "x", "d": 1}], "e": None}, []),
        ({"a": True, "b": [{"c": "x"}]}, [".a: boolean, not number"]),
        ({"a": 1, "b": []}, [".b: empty"]),
        ({"a": 1, "b": [{"c": "x"}, {}]}, [".b[].c: missing"]),
        ({"b": None}, [".a: missing", ".b: null, not list"]),
    ],
)
def test_what_an_answer_lacks_is_found(said: Json, found: list[str]) -> None:
    assert lacks({"a": 2, "b": [{"c": ""}]}, said) == found


def test_what_the_document_leaves_out_is_no_part_of_it() -> None:
    text = '{"a": { ... }, "b": [{"c": 1}, ...], "d": "...", "...": false, // why\n"e": /* x */ {}}'
    assert complete(text) == {"a": {}, "b": [{"c": 1}], "d": "...", "e": {}}
