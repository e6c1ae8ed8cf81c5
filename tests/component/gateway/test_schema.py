"""Whatever fits the OpenAPI document is answered as it says, and what does not is refused.

Schemathesis sends thousands of requests, valid and invalid, to a gateway over HTTP; behind it
stands a registry whose devices have every kind of trouble.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from tests.component.gateway.conftest import Api, bearer
from tests.conftest import ADMIN

EXAMPLES = 50
"""For each operation, besides the edges of every field, of which there are about as many."""
EXPECTED = ["2xx", "4xx", "502", "503", "504"]
"""Devices and services that are away are no defects of the server; 500 is."""
NOT_SAID = (
    "GET /api/v1/attendance/summary",
    "POST /api/v1/devices/{device_id}/users/{user_id}/templates/copy",
)
"""Where two days may lie too far apart, or two devices be one: a schema cannot say that."""


def config(url: str, headers: dict[str, str]) -> SchemathesisConfig:
    """Every check but one: whether a token is asked for, test_routes tries on every alias."""
    values: dict[str, Any] = {
        "base-url": url,
        "headers": headers,
        "continue-on-failure": True,
        "seed": 1,
        "generation": {"max-examples": EXAMPLES, "database": "none"},
        "phases": {"stateful": {"enabled": False}},
        "checks": {
            "not_a_server_error": {"expected-statuses": EXPECTED},
            "ignored_auth": {"enabled": False},
        },
        "operations": [
            {"include-name": name, "checks": {"positive_data_acceptance": {"enabled": False}}}
            for name in NOT_SAID
        ],
    }
    return SchemathesisConfig.from_dict(values)


@pytest.fixture(scope="module", autouse=True)
def _formats() -> None:
    zones = st.sampled_from(["UTC", "Asia/Jakarta", "Etc/GMT+12", "America/Argentina/Ushuaia"])
    schemathesis.openapi.format("iana-zone", zones)
    schemathesis.openapi.format("code-page", st.sampled_from(["utf-8", "cp1256", "gbk"]))


@pytest.mark.timeout(300)
async def test_every_answer_is_as_the_document_says(scripted: Api) -> None:
    scripted.registry.moody = True
    document = (await scripted.http.get("/api/openapi.json")).json()
    own = {path: document["paths"].pop(path) for path in list(document["paths"]) if ends(path)}
    spent = await bearer(scripted.http, *ADMIN)
    url = str(scripted.http.base_url)
    runs = [
        await asyncio.to_thread(run, {**document, "paths": paths}, config(url, headers))
        for paths, headers in ((document["paths"], scripted.admin), (own, spent))
    ]
    found = [each for found, _ in runs for each in found]
    assert not found, "\n\n".join(found)
    tried = runs[0][1] + runs[1][1]
    operations = {
        f"{method.upper()} {path}"
        for path, methods in {**document["paths"], **own}.items()
        for method in methods
    }
    assert operations <= set(tried)


def ends(path: str) -> bool:
    """Whether it ends the session that all others need, so that it needs one of its own."""
    return path.endswith("/logout")


def run(document: dict[str, Any], config: SchemathesisConfig) -> tuple[list[str], Counter[str]]:
    """Try every operation of a document; return what is wrong, and how often each was tried."""
    schema = schemathesis.openapi.from_dict(document, config=config)
    found: list[str] = []
    tried: Counter[str] = Counter()
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            found.append(repr(event))
        elif isinstance(event, events.ScenarioFinished):
            tried[event.recorder.label] += len(event.recorder.interactions)
            found += wrong(event.recorder)
    return found, tried


def wrong(recorder: ScenarioRecorder) -> list[str]:
    """Say which requests were not answered as they should be."""
    failed = [
        (check.name, check.failure_info)
        for checks in recorder.checks.values()
        for check in checks
        if check.status is Status.FAILURE and check.failure_info
    ]
    return [
        f"{recorder.label} {name}: {info.failure.title}: {info.failure.message}\n{info.code_sample}"
        for name, info in failed
    ]
