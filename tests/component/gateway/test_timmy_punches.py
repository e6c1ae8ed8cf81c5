"""Punches by phone, as /api takes them: made anew, forwarded, once for each key."""

from __future__ import annotations

import asyncio
import base64
from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image as Pictures
from pydantic import SecretBytes

from shared.contracts import catalog
from shared.contracts.attendance import (
    GetImage,
    Image,
    PunchByApp,
)
from shared.contracts.errors import Code
from shared.contracts.identity import object_id
from shared.kit.clock import SystemClock
from shared.kit.errors import MusterError
from tests.component.gateway.conftest import Api, Json, refusal_of
from tests.component.gateway.scripted import NOW, Scripted, a_punch

APP = "/api/fingerprints/app"
BODY: Json = {
    "event": 1,
    "location": {"latitude": 33.30963, "longitude": 44.44902},
    "device_sn": "App",
    "device_name": "App",
    "macs": "aa:bb:cc:dd:ee:ff",
}


@pytest.fixture(autouse=True)
def quiet(parts: Scripted) -> None:
    parts.clear()


async def punch(api: Api, key: str | None = None, **more: Any) -> httpx.Response:
    headers = {**api.employee, **({"Idempotency-Key": key} if key else {})}
    return await api.http.post(APP, json={**BODY, **more}, headers=headers)


async def test_punching_is_as_the_document_shows(alone: Api, parts: Scripted) -> None:
    made = a_punch(
        latitude=33.30963, longitude=44.44902, macs="aa:bb:cc:dd:ee:ff", device_name="App"
    )
    parts.when(catalog.PUNCH_BY_APP, made)
    body = (await punch(alone)).json()
    assert set(body) == {"success", "message", "data", "forwarded"}
    assert (body["success"], body["forwarded"]) == (True, True)
    assert body["message"] == "تم تسجيل بصمة الموبايل بنجاح"
    moment = f"{NOW:%Y-%m-%dT%H:%M:%S}.250Z"
    assert body["data"] == {
        "_id": object_id(made.id),
        "enrollid": "121",
        "event": 1,
        "time": moment,
        "device_sn": "App",
        "device_type": "mobile_app",
        "is_send": True,
        "send_failed": False,
        "forwardedAt": moment,
        "forwardResponse": {"success": True, "forwarded": True},
        "last_attempt_error": None,
        "name": "mustafa",
        "device_name": "App",
        "location": BODY["location"],
        "macs": "aa:bb:cc:dd:ee:ff",
        "image": None,
    }
    (asked,) = parts.of(PunchByApp)
    assert (asked.event, asked.latitude, asked.longitude) == (1, 33.30963, 44.44902)
    assert (asked.wait, asked.image) == (5, None)


async def test_a_failed_forward_is_a_punch_all_the_same(alone: Api, parts: Scripted) -> None:
    error = "Remote server did not confirm receipt"
    made = a_punch(send_failed=True, forwarded_at=None, last_attempt_error=error)
    parts.when(catalog.PUNCH_BY_APP, made)
    answer = await punch(alone, location=None, event=None)
    body = answer.json()
    assert (answer.status_code, body["success"], body["forwarded"]) == (200, True, False)
    data = body["data"]
    assert (data["is_send"], data["send_failed"], data["forwardedAt"]) == (True, True, None)
    assert (data["last_attempt_error"], data["location"]) == (error, None)


async def test_the_message_is_in_the_language_asked_for(alone: Api, parts: Scripted) -> None:
    parts.when(catalog.PUNCH_BY_APP, a_punch())
    headers = {**alone.employee, "Accept-Language": "en"}
    body = (await alone.http.post(APP, json=BODY, headers=headers)).json()
    assert body["message"] == "Mobile punch recorded successfully"


def photo(side: int = 2000) -> str:
    made = BytesIO()
    Pictures.effect_noise((side, side), 40).convert("RGB").save(made, "JPEG", quality=60)
    return base64.b64encode(made.getvalue()).decode()


async def test_a_photo_is_made_anew(alone: Api, parts: Scripted) -> None:
    parts.when(catalog.PUNCH_BY_APP, lambda asked: a_punch(has_image=asked.image is not None))
    sent = photo()
    assert len(sent) > 2**20
    body = (await punch(alone, image=f"data:image/jpeg;base64,{sent}")).json()
    (asked,) = parts.of(PunchByApp)
    kept = asked.image.get_secret_value()
    assert max(Pictures.open(BytesIO(kept)).size) == 1280
    punch_id = body["data"]["_id"]
    assert body["data"]["image"] == f"/api/fingerprints/{punch_id}/image"
    parts.when(catalog.GET_IMAGE, Image(jpeg=SecretBytes(kept)))
    answer = await alone.http.get(body["data"]["image"], headers=alone.admin)
    assert (answer.headers["content-type"], answer.content) == ("image/jpeg", kept)
    assert "no-store" in answer.headers["cache-control"]
    assert [each.punch_id for each in parts.of(GetImage)] == [punch_id]
    refused = await alone.http.get(body["data"]["image"], headers=alone.employee)
    refusal_of(refused, 403, "forbidden")
    parts.when(catalog.GET_IMAGE, MusterError(Code.NOT_FOUND))
    missing = await alone.http.get(body["data"]["image"], headers=alone.admin)
    refusal_of(missing, 404, "not_found")


# ── once ─────────────────────────────────────────────────────────────────────


async def test_the_same_key_punches_once(alone: Api, parts: Scripted) -> None:
    parts.when(catalog.PUNCH_BY_APP, lambda _: a_punch())
    answers = await asyncio.gather(*(punch(alone, "once") for _ in range(6)))
    again = [await punch(alone, "once") for _ in range(2)]
    done = [each.json() for each in (*answers, *again) if each.status_code == 200]
    assert len(done) >= 3
    assert all(each == done[0] for each in done)
    for each in answers:
        if each.status_code != 200:
            refusal_of(each, 409, "in_progress")
    assert len(parts.of(PunchByApp)) == 1
    refusal_of(await punch(alone, "once", event=2), 409, "key_reused")


async def test_without_a_key_each_is_a_punch(alone: Api, parts: Scripted) -> None:
    """The control of the one above."""
    parts.when(catalog.PUNCH_BY_APP, lambda _: a_punch())
    for _ in range(2):
        await punch(alone)
    assert len(parts.of(PunchByApp)) == 2


async def test_a_key_is_free_again_when_nothing_happened(alone: Api, parts: Scripted) -> None:
    refusal_of(await punch(alone, "free", image="no photo"), 400, "validation_error")
    parts.when(catalog.PUNCH_BY_APP, MusterError(Code.FORBIDDEN))
    refusal_of(await punch(alone, "free"), 403, "forbidden")
    parts.when(catalog.PUNCH_BY_APP, a_punch())
    assert (await punch(alone, "free")).status_code == 200


async def test_a_key_is_not_free_when_it_may_have_happened(alone: Api, parts: Scripted) -> None:
    parts.when(catalog.PUNCH_BY_APP, MusterError(Code.TIMEOUT))
    refusal_of(await punch(alone, "doubt"), 504, "timeout")
    parts.when(catalog.PUNCH_BY_APP, a_punch())
    refusal_of(await punch(alone, "doubt"), 409, "in_progress")
    await alone.sql(
        "update idempotency set created_at = :then where key = 'doubt' returning 1",
        then=SystemClock().now() - timedelta(seconds=70),
    )
    refusal_of(await punch(alone, "doubt"), 504, "connection_lost_outcome_unknown")
    assert len(parts.of(PunchByApp)) == 1
