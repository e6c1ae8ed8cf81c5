"""Unlocking over HTTP: audited, once per key, never late, never twice."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio
from sqlalchemy.exc import ProgrammingError

from services.gateway.handlers.doors import Doors, Wish
from shared.contracts.agents import AskPermit, Unlock
from shared.contracts.auth import Caller
from shared.contracts.errors import Code
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.errors import MusterError
from shared.kit.settings import Settings
from tests.component.auth.conftest import eventually
from tests.component.devices.conftest import Agent
from tests.component.gateway.conftest import Api, error_of, fields_of, gateway
from tests.conftest import ADMIN, OWNER, Platform


@pytest_asyncio.fixture(loop_scope="session")
async def door(api: Api) -> AsyncIterator[int]:
    """A device of its own for each test."""
    made: int = (await api.new_device())["id"]
    yield made
    api.agent.problem = None
    api.agent.silent = None


def path_of(door: int) -> str:
    return f"/api/v1/devices/{door}/door/unlock"


def unlocks(api: Api, door: int) -> list[Unlock]:
    asked = [each for _, each in api.agent.asked if isinstance(each, Unlock)]
    return [each for each in asked if each.device_id == door]


async def audit(api: Api, door: int) -> list[tuple[object, ...]]:
    return await api.sql(
        "select asked is null, outcome, number, email, address from audit"
        " where device_id = :door order by id",
        door=door,
    )


async def test_unlocking_is_as_the_document_shows(api: Api, door: int) -> None:
    answer = await api.http.post(path_of(door), headers=api.admin)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["message"] == "Door unlocked successfully"
    data = body["data"]
    assert set(data) == {"device_id", "unlock_time", "unlocked_by", "auto_lock_in", "audit_id"}
    assert (data["device_id"], data["unlocked_by"]) == (door, ADMIN[0])
    assert data["auto_lock_in"] == 5
    day = re.sub(r"\D", "", data["unlock_time"][:10])
    assert re.fullmatch(rf"AUD-{day}-\d{{3,}}", data["audit_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", data["unlock_time"])
    assert await audit(api, door) == [
        (True, None, None, ADMIN[0], "127.0.0.1"),
        (False, "unlocked", data["audit_id"], ADMIN[0], "127.0.0.1"),
    ]


@pytest.mark.parametrize("path", ["/doors/{door}/unlock", "/devices/{door}/unlock", "/door/unlock"])
@pytest.mark.parametrize("name", ["seconds", "auto_lock_in"])
async def test_aliases_and_seconds(api: Api, door: int, path: str, name: str) -> None:
    body = {name: 9, "device_id": door}
    answer = await api.http.post(f"/api/v1{path.format(door=door)}", json=body, headers=api.user)
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"]["auto_lock_in"] == 9
    assert [each.seconds for each in unlocks(api, door)] == [9]


@pytest.mark.parametrize("seconds", [0, 61, "long"])
async def test_bad_seconds_open_nothing(api: Api, door: int, seconds: object) -> None:
    answer = await api.http.post(path_of(door), json={"seconds": seconds}, headers=api.user)
    assert fields_of(answer) == {"seconds"}
    assert unlocks(api, door) == []
    assert await audit(api, door) == []


async def test_numbers_rise_whoever_asks(api: Api, door: int, platform: Platform) -> None:
    async with gateway(platform) as (_, second):
        answers = await asyncio.gather(
            *(client.post(path_of(door), headers=api.admin) for client in (api.http, second) * 5)
        )
    ids = [answer.json()["data"]["audit_id"] for answer in answers]
    assert len(set(ids)) == 10
    later = await api.http.post(path_of(door), headers=api.admin)
    assert later.json()["data"]["audit_id"] > max(ids)


async def test_each_owner_counts_its_own_doors(api: Api, door: int, platform: Platform) -> None:
    theirs = Agent(Bus("agent-other", platform.settings(Settings, "agent-other")), "other")
    await theirs.bus.connect()
    await theirs.start()
    try:
        other = (await api.new_device(api.other))["id"]
        await api.http.post(path_of(door), headers=api.admin)
        answers = [await api.http.post(path_of(other), headers=api.other) for _ in range(2)]
    finally:
        await theirs.bus.stop()
    numbers = [answer.json()["data"]["audit_id"][-4:] for answer in answers]
    assert numbers == ["-001", "-002"]


async def test_the_same_key_unlocks_once(api: Api, door: int, platform: Platform) -> None:
    headers = {**api.admin, "Idempotency-Key": "once"}
    async with gateway(platform) as (_, second):
        clients = (api.http, second) * 4
        answers = await asyncio.gather(
            *(client.post(path_of(door), headers=headers) for client in clients)
        )
        assert {answer.status_code for answer in answers} <= {200, 409}
        repeated = [await client.post(path_of(door), headers=headers) for client in clients]
    done = [each.json() for each in (*answers, *repeated) if each.status_code == 200]
    assert len(done) >= 1 + len(repeated)
    assert all(each == done[0] for each in done)
    for each in answers:
        if each.status_code == 409:
            error_of(each, 409, "IN_PROGRESS")
    assert len(unlocks(api, door)) == 1
    different = await api.http.post(path_of(door), json={"seconds": 6}, headers=headers)
    error_of(different, 409, "KEY_REUSED")
    somebody_else = await api.http.post(
        path_of(door), headers={**api.user, "Idempotency-Key": "once"}
    )
    assert somebody_else.status_code == 200
    assert len(unlocks(api, door)) == 2


async def test_without_a_key_each_request_unlocks(api: Api, door: int) -> None:
    """The control of the one above."""
    for _ in range(2):
        assert (await api.http.post(path_of(door), headers=api.admin)).status_code == 200
    assert len(unlocks(api, door)) == 2


async def test_a_failure_is_the_answer_of_its_key(api: Api, door: int) -> None:
    headers = {**api.admin, "Idempotency-Key": f"offline-{door}"}
    api.agent.problem = MusterError(Code.DEVICE_UNREACHABLE)
    error_of(await api.http.post(path_of(door), headers=headers), 503, "DEVICE_UNREACHABLE")
    api.agent.problem = None
    error_of(await api.http.post(path_of(door), headers=headers), 503, "DEVICE_UNREACHABLE")
    assert unlocks(api, door) == []
    assert [row[1] for row in await audit(api, door)] == [None, "device_unreachable"]


@pytest.mark.parametrize(("age", "code"), [(10, "IN_PROGRESS"), (70, "UNLOCK_UNKNOWN")])
async def test_a_key_whose_gateway_died_never_unlocks_again(
    api: Api, door: int, age: int, code: str
) -> None:
    headers = {**api.admin, "Idempotency-Key": f"lost-{age}"}
    await api.http.post(path_of(door), headers=headers)
    await api.sql(
        "update idempotency set answer = null, created_at = :then where key = :key returning 1",
        key=f"lost-{age}",
        then=SystemClock().now() - timedelta(seconds=age),
    )
    answer = await api.http.post(path_of(door), headers=headers)
    error_of(answer, answer.status_code, code)
    assert len(unlocks(api, door)) == 1


@pytest.mark.parametrize("key", ["x" * 256, "with blank"])
async def test_an_unfit_key_is_bad_input(api: Api, door: int, key: str) -> None:
    headers = {**api.admin, "Idempotency-Key": key}
    assert fields_of(await api.http.post(path_of(door), headers=headers)) == {"idempotency-key"}


async def test_whoever_left_gets_no_door_opened(api: Api, door: int) -> None:
    api.agent.silent = asyncio.Event()
    with pytest.raises(httpx.ReadTimeout):
        await api.http.post(path_of(door), headers=api.admin, timeout=0.5)
    assert [type(each) for _, each in api.agent.asked][-1] is AskPermit
    api.agent.silent.set()

    async def ended() -> bool:
        return len(await audit(api, door)) == 2

    await eventually(ended)
    assert [row[1] for row in await audit(api, door)] == [None, "unlock_expired"]
    assert unlocks(api, door) == []


async def test_without_that_guard_the_door_would_open(api: Api, door: int) -> None:
    """The control: the same handler, told that the caller is still there."""
    token = api.admin["Authorization"].removeprefix("Bearer ")
    caller = Caller(user_id=1, owner=OWNER, role="admin", email=ADMIN[0], name="A", session="s")

    async def stays() -> bool:
        return False

    assert api.gateway.engine is not None
    doors = Doors(api.gateway.bus, api.gateway.engine, SystemClock())
    opened = await doors.unlock(Wish(caller, token, "", "r", door, 5, None), stays)
    assert opened.device_id == door
    assert len(unlocks(api, door)) == 1


async def test_an_unlock_without_an_answer_is_unknown_and_not_repeated(api: Api, door: int) -> None:
    problem = MusterError(Code.UNLOCK_UNKNOWN)

    async def unknown(subject: str, asked: object) -> None:
        api.agent.asked.append((subject, asked))  # type: ignore[arg-type]
        if isinstance(asked, Unlock):
            raise problem

    original, api.agent._hear = api.agent._hear, unknown  # type: ignore[method-assign]
    try:
        answer = await api.http.post(path_of(door), headers=api.admin)
    finally:
        api.agent._hear = original  # type: ignore[method-assign]
    error_of(answer, 504, "UNLOCK_UNKNOWN")
    assert len(unlocks(api, door)) == 1
    assert [row[1] for row in await audit(api, door)] == [None, "unlock_unknown"]


@pytest.mark.parametrize("change", ["update audit set email = 'x'", "delete from audit"])
async def test_the_audit_trail_only_grows(api: Api, door: int, change: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        await api.sql(f"{change} returning 1")
