"""Logs that are POSTed in a device's name."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts import catalog
from shared.contracts.devices import LogTaken, TakeLog
from shared.contracts.errors import Code
from shared.contracts.identity import object_id
from shared.contracts.message import Message
from shared.kit.errors import MusterError
from tests.component.gateway.conftest import Api, Json, refusal_of
from tests.component.gateway.scripted import SERIAL, Scripted


@pytest.fixture(autouse=True)
def quiet(parts: Scripted) -> None:
    parts.clear()


async def post(
    api: Api, *records: Json, serial: str = SERIAL, headers: Json | None = None, **more: Any
) -> httpx.Response:
    body = {"sn": serial, "record": list(records), **more}
    return await api.http.post("/api/device-log", json=body, headers=headers)


def taken(parts: Scripted, *, forwarded: bool = False) -> None:
    parts.when(catalog.TAKE_LOG, LogTaken(recorded=1, known=0, forwarded=forwarded))


RECORD: Json = {"enrollid": 2, "time": "2025-11-08T09:00:00"}


@pytest.mark.parametrize("forwarded", [True, False])
async def test_a_log_is_taken_as_the_document_shows(
    alone: Api, parts: Scripted, forwarded: bool
) -> None:
    taken(parts, forwarded=forwarded)
    answer = await post(alone, RECORD)
    assert answer.json() == {
        "success": True,
        "forwarded": forwarded,
        "retryLater": not forwarded,
    }
    (asked,) = parts.of(TakeLog)
    (record,) = asked.records
    assert (asked.serial, asked.token, record.user_id) == (SERIAL, None, "2")
    assert record.device_time == datetime(2025, 11, 8, 9)  # noqa: DTZ001 - a wall clock has no zone
    assert record.raw == b'{"enrollid":"2","time":"2025-11-08T09:00:00"}\n'
    assert 4 < asked.wait <= 5


async def test_all_of_a_record_is_kept_but_photos(alone: Api, parts: Scripted) -> None:
    taken(parts)
    image = "A" * 5000
    record = {
        "enrollid": "0042",
        "time": "2025-11-08 09:00:00",
        "mode": 8,
        "inout": 1,
        "event": 3,
        "temp": 36.5,
        "image": image,
    }
    await post(alone, record)
    (kept,) = parts.of(TakeLog)[0].records
    assert (kept.verify, kept.state, kept.event, kept.user_id) == (8, 1, 3, "0042")
    assert image.encode() not in kept.raw
    assert b'"temp":36.5' in kept.raw
    assert b'"size":5000' in kept.raw


async def test_doors_and_strangers_are_no_punches(alone: Api, parts: Scripted) -> None:
    taken(parts)
    nobody = [{**RECORD, "enrollid": each} for each in (0, "0", 99_999_999)]
    assert (await post(alone, *nobody, RECORD)).status_code == 200
    assert [each.user_id for each in parts.of(TakeLog)[0].records] == ["2"]
    parts.asked.clear()
    assert (await post(alone, *nobody)).json()["success"] is True
    assert parts.asked == []


async def test_long_logs_come_in_parts(alone: Api, parts: Scripted) -> None:
    sizes: list[int] = []

    def take(asked: TakeLog) -> Message:
        sizes.append(len(asked.records))
        return LogTaken(recorded=1, known=0, forwarded=len(sizes) != 2)

    parts.when(catalog.TAKE_LOG, take)
    body = (await post(alone, *[RECORD] * 501)).json()
    assert sizes == [250, 250, 1]
    assert body["forwarded"] is False


@pytest.mark.parametrize("place", ["header", "body"])
async def test_the_devices_own_token_goes_along(alone: Api, parts: Scripted, place: str) -> None:
    taken(parts)
    headers = {"X-Device-Token": "the secret"} if place == "header" else None
    more = {"token": "the secret"} if place == "body" else {}
    await post(alone, RECORD, headers=headers, **more)
    (asked,) = parts.of(TakeLog)
    assert asked.token.get_secret_value() == "the secret"


async def test_an_unknown_device_is_like_any_that_is_away(alone: Api, parts: Scripted) -> None:
    said = set()
    for code in (Code.DEVICE_OFFLINE, Code.NOT_FOUND):
        parts.when(catalog.TAKE_LOG, MusterError(code, f"because of {code}"))
        answer = await post(alone, RECORD)
        refusal_of(answer, 503, "device_offline_or_not_registered")
        said.add(answer.content)
    assert len(said) == 1


async def test_a_flood_is_limited_by_device(alone: Api, parts: Scripted) -> None:
    taken(parts)
    answers = [await post(alone, RECORD, serial="FLOOD") for _ in range(70)]
    refused = [each for each in answers if each.status_code != 200]
    assert 5 <= len(refused) <= 10
    refusal_of(refused[-1], 429, "too_many_requests")
    assert int(refused[-1].headers["retry-after"]) > 0
    assert (await post(alone, RECORD, serial="FLOOD2")).status_code == 200


def test_ids_are_the_first_digits() -> None:
    assert object_id(UUID("6925d3b4-c822-7c3a-1972-328b00000000")) == "6925d3b4c8227c3a1972328b"
