"""People on devices as /api reads and deletes them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from pydantic import SecretBytes

from services.gateway.handlers import people as handler
from shared.contracts import catalog
from shared.contracts.actions import DeleteUser, ReadTemplates, ReadUsers
from shared.contracts.devices import ListUsers, TemplatesRead, UserPage
from shared.contracts.errors import Code
from shared.contracts.identity import object_id
from shared.contracts.message import Message
from shared.contracts.operations import (
    Operate,
)
from shared.contracts.readings import Template
from shared.kit.errors import MusterError
from tests.component.gateway.conftest import Api, refusal_of
from tests.component.gateway.scripted import (
    SERIAL,
    Scripted,
    a_device,
    a_job,
    a_person,
    an_entry,
    ends,
    hold,
)

USERS = f"/api/device/{SERIAL}/users"
DELETE = f"/api/device/{SERIAL}/delete-users"


@pytest.fixture(autouse=True)
def quiet(parts: Scripted) -> None:
    parts.clear()
    parts.when(catalog.FIND_DEVICE, lambda asked: a_device(asked.serial))


# ── read ─────────────────────────────────────────────────────────────────────


async def test_users_are_rows_of_credentials(alone: Api, parts: Scripted) -> None:
    pages = [{"count": 3, "from": 0, "to": 3}]
    said = {"ret": "getuserlist", "sn": SERIAL, "result": True, "pages": pages}
    ends(parts, an_entry("read_users", "success", said=said))
    hold(parts, a_person("1", 0, 50), a_person("2", 11, privilege="admin"), a_person("3"))
    body = (await alone.http.get(USERS, headers=alone.user)).json()
    assert set(body) == {"success", "records", "raw"}
    row = {"enrollid": 1, "admin": 0, "backupnum": 0, "name": "Person 1", "aliasid": "A1"}
    assert body["records"][0] == row
    told = [(each["enrollid"], each["backupnum"], each["admin"]) for each in body["records"]]
    assert told == [(1, 0, 0), (1, 50, 0), (2, 11, 1), (3, 0, 0)]
    raw = body["raw"]
    record = raw.pop("record")
    assert raw == {**said, "count": 4, "from": 0, "to": 4, "pages": pages}
    assert record[0] == {"enrollid": 1, "admin": 0, "backupnum": 0}
    (asked,) = parts.of(Operate)
    assert (asked.device_id, asked.action, asked.lasting) == (7, ReadUsers(), False)
    assert 55 <= asked.wait <= 60
    assert set(parts.tokens) == {alone.user["Authorization"].removeprefix("Bearer ")}


async def test_a_zkteco_device_is_listed_alike(alone: Api, parts: Scripted) -> None:
    ends(parts, an_entry("read_users", "success"))
    person = a_person("1042").model_copy(
        update={"fingers": (6,), "card": 77, "has_password": True, "alias": None}
    )
    hold(parts, person, a_person("A7"))
    body = (await alone.http.get(USERS, headers=alone.user)).json()
    assert [(each["enrollid"], each["backupnum"]) for each in body["records"]] == [
        (1042, 6),
        (1042, 10),
        (1042, 11),
        ("A7", 0),
    ]
    assert body["records"][0]["aliasid"] == ""
    assert (body["raw"]["ret"], body["raw"]["pages"]) == ("getuserlist", [])


async def test_long_lists_are_whole(alone: Api, parts: Scripted) -> None:
    ends(parts, an_entry("read_users", "success"))
    hold(parts, *(a_person(str(number), 50) for number in range(1, 502)))
    body = (await alone.http.get(USERS, headers=alone.user)).json()
    assert [each["enrollid"] for each in body["records"]] == list(range(1, 502))
    assert (body["raw"]["count"], body["raw"]["to"]) == (501, 501)


@pytest.mark.parametrize("settles", [True, False])
async def test_a_list_that_changes_is_begun_again(
    alone: Api, parts: Scripted, settles: bool
) -> None:
    ends(parts, an_entry("read_users", "success"))
    people = tuple(a_person(str(number), 50) for number in range(1, 302))
    calls = 0

    def page(asked: ListUsers) -> Message:
        nonlocal calls
        calls += 1
        held = people if calls == 1 or (calls % 2 and not settles) else people[1:]
        start = (asked.page - 1) * asked.limit
        return UserPage(items=held[start : start + asked.limit], total=len(held))

    parts.when(catalog.LIST_USERS, page)
    answer = await alone.http.get(USERS, headers=alone.user)
    if settles:
        assert len(answer.json()["records"]) == 300
    else:
        refusal_of(answer, 504, "timeout")


async def test_what_takes_too_long_is_never_half_a_list(alone: Api, parts: Scripted) -> None:
    entry = an_entry("read_users", "sent")
    ends(parts, entry)
    body = refusal_of(await alone.http.get(USERS, headers=alone.user), 504, "timeout")
    assert body["opId"] == object_id(entry.operation_id)
    problem = MusterError(Code.PULL_INCOMPLETE).problem
    ends(parts, an_entry("read_users", "failed", problem=problem))
    body = refusal_of(await alone.http.get(USERS, headers=alone.user), 503, "pull_incomplete")
    assert len(body["opId"]) == 24


def template(user_id: str, number: int, data: bytes) -> Template:
    return Template(user_id=user_id, finger=number, data=SecretBytes(data))


async def test_records_are_for_who_may_read_them(alone: Api, parts: Scripted) -> None:
    ends(parts, an_entry("read_users", "success"))
    hold(parts, a_person("1", 0, 50, 11, 10), a_person("2", 3))
    kept = (
        template("1", 0, b"finger"),
        template("1", 50, b"\xff\xd8photo"),
        template("1", 11, b"4711"),
        template("1", 10, b"1234"),
    )
    parts.when(catalog.READ_TEMPLATES_KEPT, TemplatesRead(items=kept, total=4))
    for unasked in ("", "?withRecords=0", "?withRecords="):
        answer = await alone.http.get(f"{USERS}{unasked}", headers=alone.admin)
        assert not {"record", "template"} & set(answer.json()["records"][0])
        assert "record" not in answer.json()["raw"]["record"][0]
    refusal_of(await alone.http.get(f"{USERS}?withRecords=1", headers=alone.user), 403, "forbidden")
    parts.asked.clear()
    body = (await alone.http.get(f"{USERS}?withRecords=1", headers=alone.admin)).json()
    assert [each.action for each in parts.of(Operate)] == [ReadUsers(), ReadTemplates()]
    finger, photo, card, password, none = body["records"]
    told = base64.b64encode(b"finger").decode()
    assert (finger["record"], finger["template"]) == (told, told)
    assert base64.b64decode(photo["record"]) == b"\xff\xd8photo"
    assert "template" not in photo
    assert (card["record"], password["record"]) == ("4711", "1234")
    assert "record" not in none
    assert body["raw"]["record"][0] == {"enrollid": 1, "admin": 0, "backupnum": 0, "record": told}


async def test_both_readings_share_one_budget(
    alone: Api, parts: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "BUDGET", 0.0)
    ends(parts, an_entry("read_users", "success"))
    hold(parts)
    parts.when(catalog.READ_TEMPLATES_KEPT, TemplatesRead(items=(), total=0))
    await alone.http.get(f"{USERS}?withRecords=true", headers=alone.admin)
    assert [each.wait for each in parts.of(Operate)] == [0, 0]


# ── deleted ──────────────────────────────────────────────────────────────────


async def test_deleting_is_as_the_document_shows(alone: Api, parts: Scripted) -> None:
    parts.when(catalog.OPERATE, lambda _: a_job("delete_user", "pending"))
    sent = {"enrollIds": [2, 3, 15, 3, 2.0]}
    body = (await alone.http.post(DELETE, json=sent, headers=alone.admin)).json()
    assert (body["success"], body["sn"], body["count"]) == (True, SERIAL, 3)
    assert [each["enrollid"] for each in body["results"]] == [2, 3, 15]
    assert {each["status"] for each in body["results"]} == {"pending"}
    assert len({each["opId"] for each in body["results"]}) == 3
    asked = parts.of(Operate)
    assert [each.action for each in asked] == [
        DeleteUser(user_id=n, may_be_absent=True) for n in ("2", "3", "15")
    ]
    assert {(each.lasting, each.wait) for each in asked} == {(True, 0)}


async def test_nothing_is_deleted_when_one_is_no_person(alone: Api, parts: Scripted) -> None:
    bad: list[Any] = [0, 99_999_999, 10**12, -1, 1.5, "7", None, True, [8], {"a": 1}]
    sent = {"enrollIds": [2, *bad]}
    answer = await alone.http.post(DELETE, json=sent, headers=alone.admin)
    body = refusal_of(answer, 400, "validation_error")
    assert body["offenders"] == [0, 99_999_999, 10**12, -1, 1.5, "7", None, True, "…", "…"]
    assert [each["field"] for each in body["fields"]] == ["enrollIds"]
    assert parts.asked == []
