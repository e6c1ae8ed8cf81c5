"""Punches by phone, the whole way: stored, forwarded, listed, tried again."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from io import BytesIO

import pytest
import pytest_asyncio
from PIL import Image
from starlette.responses import JSONResponse

from tests.component.gateway.conftest import refusal_of
from tests.conftest import Platform
from tests.e2e.demo import until
from tests.integration.timmy.house import SECRET, House, Json, house, timmy

TERMINAL = "PHONES01"
PERSON = "1001"
"""Whom the terminal knows, and who has a phone."""


async def confirmed() -> JSONResponse:
    return JSONResponse({"success": True, "forwarded": True})


async def refused() -> JSONResponse:
    return JSONResponse({"success": False})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    terminals = [timmy(TERMINAL, backlog=0)]
    async with house(platform, tmp_path_factory.mktemp("phones"), terminals) as running:
        await running.register(TERMINAL)
        yield running


async def hired(home: House, enroll_id: str) -> tuple[str, dict[str, str]]:
    """Take somebody in; return their id, and what they ask with."""
    body = {"enroll_id": enroll_id, "username": f"u{enroll_id}", "password": "p", "fullName": "N"}
    made = (await home.said("POST", "/employees", body))["item"]
    login = await home.said("POST", "/employees/login", body)
    return made["_id"], {"Authorization": f"Bearer {login['token']}"}


async def punch(home: House, who: dict[str, str] | None = None, **more: object) -> Json:
    body = {"event": 1, **more}
    said: Json = await home.said("POST", "/fingerprints/app", body, who or home.employee)
    return said


async def test_a_punch_by_phone_is_forwarded_as_the_document_shows(home: House) -> None:
    home.receiver.always = confirmed
    place = {"latitude": 33.3096307, "longitude": 44.4490251}
    said = await punch(home, location=place, macs="aa:bb:cc:dd:ee:ff", device_name="App")
    data = said["data"]
    assert (said["forwarded"], data["is_send"], data["send_failed"]) == (True, True, False)
    assert data["forwardResponse"] == {"success": True, "forwarded": True}
    assert (data["location"], data["device_type"]) == (place, "mobile_app")
    request = home.receiver.requests[-1]
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    record = {"enrollid": 86359, "time": data["time"], "event": 1}
    assert json.loads(request.body) == {"sn": "App", "record": [record]}
    (recorded,) = (await home.data("GET", "/attendance?user_id=86359&limit=1"))[:1]
    assert (recorded["source"], recorded["serial_number"]) == ("app", "App")


async def test_employees_see_their_punches_of_every_device(home: House) -> None:
    home.receiver.always = confirmed
    _, who = await hired(home, PERSON)
    await punch(home, who)
    home.terminal(TERMINAL).punch(PERSON, state=1)

    async def both() -> bool:
        found = await home.said("GET", "/fingerprints/employee", who=who)
        return {each["device_sn"] for each in found["logs"]} == {"App", TERMINAL}

    await until(both, "punches of both devices")
    for query, number in (
        ("device_sn=App", 1),
        (f"device_sn={TERMINAL}&is_send=false", 0),
        ("event=1", 1),
        ("event=7", 0),
        ("to=2020-01-01", 0),
        ("from=2020-01-01T00:00:00.000Z", 2),
    ):
        found = await home.said("GET", f"/fingerprints/employee?{query}", who=who)
        assert found["totalCount"] == number, query
    others = await home.said("GET", "/fingerprints/employee?limit=200", who=home.employee)
    assert {each["enrollid"] for each in others["logs"]} <= {"86359"}


async def test_what_failed_is_tried_again(home: House) -> None:
    home.receiver.always = refused
    said = await punch(home)
    assert (said["success"], said["forwarded"]) == (True, False)
    data, error = said["data"], "Remote server did not confirm receipt"
    assert (data["is_send"], data["send_failed"]) == (True, True)
    assert (data["forwardedAt"], data["last_attempt_error"]) == (None, error)
    listed = await home.said("GET", "/fingerprints/mobile-logs?send_failed=true")
    assert [each["_id"] for each in listed["items"]] == [data["_id"]]
    again = await home.said("POST", "/fingerprints/retry-failed")
    assert (again["count"], again["failedCount"], again["message"]) == (1, 1, "Retry finished")
    said = {"ok": False, "error": error, "response": {"success": False}}
    assert again["results"] == [{"id": data["_id"], **said}]
    home.receiver.always = confirmed
    again = await home.said("POST", "/fingerprints/retry-failed", {})
    # Meanwhile its own turn may have come.
    assert again["failedCount"] == 0

    async def none() -> bool:
        found = await home.said("GET", "/fingerprints/mobile-logs?send_failed=true")
        return bool(found["totalCount"] == 0)

    await until(none, "everything delivered")
    assert not home.receiver.doubled


async def test_a_photo_is_kept_apart(home: House) -> None:
    home.receiver.always = confirmed
    picture = BytesIO()
    Image.effect_noise((1500, 900), 40).convert("RGB").save(picture, "JPEG")
    sent = base64.b64encode(picture.getvalue()).decode()
    data = (await punch(home, image=f"data:image/jpeg;base64,{sent}"))["data"]
    path = data["image"].removeprefix("/api")
    answer = await home.ask("GET", path)
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(BytesIO(answer.content)).size == (1280, 768)
    refusal_of(await home.ask("GET", path, who=home.other), 404, "not_found")
    refusal_of(await home.ask("GET", path, who=home.employee), 403, "forbidden")


async def test_other_owners_see_none_of_it(home: House) -> None:
    await punch(home)
    assert (await home.said("GET", "/fingerprints/mobile-logs", who=home.other))["items"] == []
    again = await home.said("POST", "/fingerprints/retry-failed", who=home.other)
    assert again["count"] == 0
