"""Runs Schemathesis in a process of its own, so that it takes no turns with what it tests."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, NamedTuple

import schemathesis
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import Status, events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from tests.integration.zkteco.steering import steered

EXAMPLES = 50
"""For each operation, besides the edges of every field, of which there are about as many."""
EXPECTED = ["2xx", "4xx", "502", "503", "504"]
"""Devices and services that are away are no defects of the server; 500 is."""
NOT_SAID = (
    # Two days may lie too far apart, two devices may be one, nothing may be at an address, a text
    # may be no photo, and a number nobody's: a schema cannot say that.
    "GET /api/v1/attendance/summary",
    "POST /api/v1/devices/{device_id}/users/{user_id}/templates/copy",
    "POST /api/v1/devices",
    "PUT /api/v1/devices/{device_id}",
    "PATCH /api/v1/devices/{device_id}",
    "POST /api/transfer-users",
    "POST /api/fingerprints/app",
    "POST /api/device-log",
)
_AN_ID: Final = ("GET /api/v1/devices/pending", "POST /api/employees/login")
"""The last word is an id to every other method: of a device, of an employee; one that is none."""


class Found(NamedTuple):
    """What is wrong, and how many requests each operation was sent."""

    wrong: list[str]
    tried: Counter[str]


def fuzz(document: dict[str, Any], url: str, headers: dict[str, str]) -> Found:
    """Try every operation of a document."""
    zones = st.sampled_from(["UTC", "Asia/Jakarta", "Etc/GMT+12", "America/Argentina/Ushuaia"])
    schemathesis.openapi.format("iana-zone", zones)
    schemathesis.openapi.format("code-page", st.sampled_from(["utf-8", "cp1256", "gbk"]))
    clocks = st.datetimes().map(lambda each: each.isoformat(timespec="seconds"))
    schemathesis.openapi.format("wall-clock", clocks)
    schema = schemathesis.openapi.from_dict(document, config=config(url, headers))
    found = Found([], Counter())
    with steered(url, headers):
        for event in from_schema(schema).execute():
            if isinstance(event, events.NonFatalError | events.FatalError):
                found.wrong.append(repr(event))
            elif isinstance(event, events.ScenarioFinished):
                found.tried[event.recorder.label] += len(event.recorder.interactions)
                found.wrong.extend(wrong(event.recorder))
    return found


def config(url: str, headers: dict[str, str]) -> SchemathesisConfig:
    """Every check but one: whether a token is asked for, test_routes tries on every alias."""
    values: dict[str, Any] = {
        "base-url": url,
        "headers": headers,
        "continue-on-failure": True,
        "seed": 1,
        # Python 3.11 cannot parse its own code in two threads at once, which Hypothesis does.
        "workers": 1,
        "request-timeout": 30.0,
        "generation": {"max-examples": EXAMPLES, "database": "none"},
        "phases": {"stateful": {"enabled": False}},
        "checks": {
            "not_a_server_error": {"expected-statuses": EXPECTED},
            "ignored_auth": {"enabled": False},
        },
        "operations": [
            {"include-name": name, "checks": {"positive_data_acceptance": {"enabled": False}}}
            for name in NOT_SAID
        ]
        + [
            {"include-name": name, "checks": {"unsupported_method": {"enabled": False}}}
            for name in _AN_ID
        ],
    }
    return SchemathesisConfig.from_dict(values)


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
