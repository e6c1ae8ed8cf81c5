"""People on terminals: listed through a cache that hides no change, synced, written, enrolled."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from services.devices.simulators.quirks import Enrols
from tests.component.gateway.conftest import error_of, fields_of
from tests.conftest import Platform
from tests.integration.zkteco.house import House, Json, house, spec

CROWDS = {"FEW": 12, "PAGES": 45, "HUNDRED": 100, "MANY": 130}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    specs = [
        spec(serial, number, users=users, enrols=Enrols.OK)
        for number, (serial, users) in enumerate(CROWDS.items(), 1)
    ]
    async with house(platform, tmp_path_factory.mktemp("people"), specs) as running:
        for serial in CROWDS:
            await running.register(serial)
            job = await running.data("POST", f"/users/sync/{running.ids[serial]}")
            await running.ended(job["job_id"])
        yield running


async def listed(home: House, query: str = "", who: dict[str, str] | None = None) -> httpx.Response:
    """One page of the people of one terminal, or of all."""
    answer = await home.ask("GET", f"/users?{query}", who=who)
    assert answer.status_code == 200, answer.text
    return answer


def of(home: House, serial: str) -> str:
    return f"/devices/{home.ids[serial]}/users"


# ── listed ───────────────────────────────────────────────────────────────────


async def test_a_list_is_cached_until_its_people_change(home: House) -> None:
    query = f"device_id={home.ids['FEW']}&limit=200"
    answers = [await listed(home, query) for _ in range(3)]
    assert [each.headers["x-cache"] for each in answers[1:]] == ["hit", "hit"]
    assert answers[0].json() == answers[2].json()
    await home.data("POST", of(home, "FEW"), {"user_id": "5001", "name": "Newcomer"})
    fresh = await listed(home, query)
    assert fresh.headers["x-cache"] == "miss"
    new = {each["user_id"] for each in fresh.json()["data"]}
    assert new - {each["user_id"] for each in answers[0].json()["data"]} == {"5001"}


async def test_without_a_change_the_cache_is_what_is_served(
    home: House, platform: Platform
) -> None:
    """The control of the one above: the registry's word is what ends an answer's life."""
    query = f"device_id={home.ids['FEW']}&q=1002"
    first = await listed(home, query)
    async with await platform.superuser() as connection:
        await connection.execute(
            "update devices.device_users set name = 'x' where user_id = '1002'"
        )
    kept = await listed(home, query)
    assert (kept.headers["x-cache"], kept.json()) == ("hit", first.json())
    await home.data("DELETE", "/cache")
    assert [each["name"] for each in (await listed(home, query)).json()["data"]] == ["x"]


async def test_another_owner_has_other_answers(home: House) -> None:
    await listed(home)
    other = await listed(home, who=home.other)
    assert (other.headers["x-cache"], other.json()["data"]) == ("miss", [])


@pytest.mark.parametrize("query", ["q=1003", "limit=1", "page=2"])
async def test_each_question_has_its_own_answer(home: House, query: str) -> None:
    await home.data("DELETE", "/cache")
    answers = [await listed(home, each) for each in ("", query, query)]
    assert [each.headers["x-cache"] for each in answers] == ["miss", "miss", "hit"]


async def test_pages_and_parts(home: House) -> None:
    device = f"device_id={home.ids['PAGES']}"
    body = (await listed(home, f"{device}&page=3")).json()
    assert body["metadata"] == {"page": 3, "limit": 20, "total": 45, "total_pages": 3}
    assert len(body["data"]) == 5
    part = (await listed(home, f"{device}&q=1044")).json()
    assert [each["user_id"] for each in part["data"]] == ["1044"]


@pytest.mark.parametrize(
    "query", ["limit=201", "page=0", "q=%00", f"q={'x' * 65}", "device_id=x", "live=maybe"]
)
async def test_bad_questions_name_their_fields(home: House, query: str) -> None:
    path = of(home, "FEW") if "live" in query else "/users"
    answer = await home.ask("GET", f"{path}?{query}")
    assert fields_of(answer) == {query.partition("=")[0]}


async def test_a_live_list_reads_the_device_first(home: House) -> None:
    people = home.device("PAGES").people
    people.put(people.all()[0]._replace(uid=900, user_id="9001", name="Came In Person"))
    stored = await home.ask("GET", f"{of(home, 'PAGES')}?q=9001")
    assert stored.json()["data"] == []
    live = await home.ask("GET", f"{of(home, 'PAGES')}?q=9001&live=true")
    assert live.headers["x-cache"] == "miss"
    assert [each["name"] for each in live.json()["data"]] == ["Came In Person"]


# ── synced ───────────────────────────────────────────────────────────────────


async def test_a_hundred_people_are_synced_at_once(home: House) -> None:
    answer = await home.ask("POST", f"/users/sync/{home.ids['HUNDRED']}", who=home.user)
    assert answer.status_code == 200
    job: Json = answer.json()["data"]
    assert job["job_id"].startswith(f"sync-users-{home.ids['HUNDRED']}-")
    assert (job["status"], job["result"]) == ("completed", {"kind": "count", "count": 100})
    progress = job["progress"]
    assert (progress["total"], progress["done"], progress["percent"]) == (100, 100, 100)


async def test_more_than_a_hundred_are_a_job_with_progress(home: House) -> None:
    answer = await home.ask("POST", f"/users/sync/{home.ids['MANY']}")
    assert answer.status_code == 202
    queued: Json = answer.json()["data"]
    assert set(queued) == {"job_id", "device_id", "status", "queued_at", "poll"}
    assert queued["poll"] == f"/api/v1/queue/jobs/{queued['job_id']}"
    job = await home.ended(queued["job_id"])
    assert (job["status"], job["result"]) == ("completed", {"kind": "count", "count": 130})
    assert (job["progress"]["total"], job["progress"]["done"]) == (130, 130)
    found = await listed(home, f"device_id={home.ids['MANY']}")
    assert found.json()["metadata"]["total"] == 130


# ── written ──────────────────────────────────────────────────────────────────


async def test_a_person_is_added_changed_and_removed(home: House) -> None:
    person: Json = {
        "user_id": "42",
        "name": " Sample Person ",
        "privilege": "enroller",
        "password": "1234",
        "card": 7654321,
        "group": 3,
    }
    made = await home.data("POST", of(home, "FEW"), person)
    shown = {
        **{name: person[name] for name in ("user_id", "privilege", "card", "group")},
        "device_id": home.ids["FEW"],
        "name": "Sample Person",
        "disabled": False,
        "has_password": True,
        "name_cut": False,
    }
    assert made == shown
    held = home.device("FEW").people.find("42")
    assert held is not None
    assert (held.name, held.password, held.card, held.privilege) == (
        *("Sample Person", "1234", 7654321),
        2,
    )
    error_of(await home.ask("POST", of(home, "FEW"), person), 409, "USER_TAKEN")
    changed = await home.data("PATCH", f"{of(home, 'FEW')}/42", {"disabled": True})
    assert changed == {**shown, "disabled": True}
    anew = await home.data("PUT", f"{of(home, 'FEW')}/42", {"name": "New"})
    assert (anew["privilege"], anew["disabled"], anew["card"]) == ("user", False, None)
    await home.data("DELETE", f"{of(home, 'FEW')}/42")
    assert home.device("FEW").people.find("42") is None
    error_of(await home.ask("DELETE", f"{of(home, 'FEW')}/42"), 404, "NOT_FOUND")


# ── templates ────────────────────────────────────────────────────────────────


async def test_a_finger_is_enrolled_and_its_template_copied(home: House) -> None:
    path = f"{of(home, 'FEW')}/1009"
    queued = await home.data("POST", f"{path}/enroll", {"finger": 6})
    job = await home.ended(queued["job_id"])
    assert (job["status"], job["type"]) == ("completed", "enrolment")
    assert (job["progress"]["total"], job["progress"]["done"]) == (3, 3)
    assert (job["result"]["user_id"], job["result"]["finger"]) == ("1009", 6)
    copied = await home.data(
        "POST", f"{path}/templates/copy", {"target_device_id": home.ids["PAGES"]}
    )
    assert (await home.ended(copied["job_id"]))["status"] == "completed"
    (kept,) = await home.data("GET", f"{path}/templates")
    assert (kept["finger"], kept["device_id"]) == (6, home.ids["FEW"])
    assert kept["size"] == job["result"]["size"]
    assert "data" not in kept
    source, target = (home.device(serial) for serial in ("FEW", "PAGES"))
    there = target.people.find("1009")
    here = source.people.find("1009")
    assert here is not None
    assert there is not None
    original, copy = source.fingers.find(here.uid, 6), target.fingers.find(there.uid, 6)
    assert original is not None
    assert copy is not None
    assert original.content == copy.content


async def test_a_template_is_read_and_written_back(home: House) -> None:
    device = home.device("HUNDRED")
    template = device.fingers.all()[0]
    person = device.people.at(template.uid)
    assert person is not None
    path = f"{of(home, 'HUNDRED')}/{person.user_id}/templates"
    assert (await home.data("POST", path))["result"]["kind"] == "count"
    device.fingers.remove_of(template.uid)
    await home.data("POST", f"{path}/write")
    assert device.fingers.find(template.uid, template.finger) == template


async def test_templates_are_copied_between_ones_own_devices(home: House) -> None:
    path = f"{of(home, 'FEW')}/1009/templates/copy"
    there = {"target_device_id": home.ids["PAGES"] + 1000}
    error_of(await home.ask("POST", path, there), 404, "NOT_FOUND")
    itself = {"target_device_id": home.ids["FEW"]}
    assert fields_of(await home.ask("POST", path, itself)) == {"target_device_id"}
