"""Each API with devices of the other one's dialect: it works, or says why it does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from pydantic import TypeAdapter

from tests.component.gateway.conftest import refusal_of
from tests.conftest import Platform
from tests.integration.timmy.house import House, Json, house, timmy, zkteco
from tests.integration.zkteco.asking import route_of
from tests.integration.zkteco.rows import ROWS, Row

ZK, ZK2, TIMMY, TIMMY2 = "ZK000001", "ZK000002", "TM000001", "TM000002"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    terminals = [zkteco(ZK, 1), zkteco(ZK2, 2), timmy(TIMMY), timmy(TIMMY2)]
    async with house(platform, tmp_path_factory.mktemp("across"), terminals) as running:
        for serial in (ZK, ZK2, TIMMY, TIMMY2):
            await running.register(serial)
        yield running


# ── a ZKTeco terminal by its serial ──────────────────────────────────────────


async def test_people_of_a_zkteco_terminal(home: House) -> None:
    said = await home.said("GET", f"/device/{ZK}/users")
    assert {each["enrollid"] for each in said["records"]} == set(range(1001, 1013))
    assert (said["raw"]["ret"], said["raw"]["sn"]) == ("getuserlist", ZK)
    body = {"enrollIds": [1012, 4242]}
    said = await home.said("POST", f"/device/{ZK}/delete-users", body)
    first, absent = [await home.ended(each["opId"]) for each in said["results"]]
    assert (first["status"], first["response"]) == (
        "success",
        {"ret": "deleteuser", "result": True},
    )
    assert (absent["status"], absent["alreadyAbsent"]) == ("success", True)
    said = await home.said("GET", f"/device/{ZK}/users")
    assert 1012 not in {each["enrollid"] for each in said["records"]}


async def test_somebody_enrols_at_a_zkteco_terminal(home: House) -> None:
    person = {"enrollid": 1003, "name": "Nadia", "backupnum": 5}
    answer = await home.ask("POST", f"/device/{ZK}/add-user", person)
    body = answer.json()
    assert answer.status_code in {200, 409}, body
    assert len(body["opId"]) == 24
    face = await home.ask("POST", f"/device/{ZK}/add-user", {**person, "backupnum": 50})
    said = refusal_of(face, 409, "unsupported_by_firmware")
    assert said["status"] == "failed"


async def test_the_log_of_a_zkteco_terminal_is_cleaned(home: House) -> None:
    said = await home.said("POST", f"/device/{ZK2}/clean-log")
    assert (said["status"], said["response"]) == ("success", {"ret": "cleanlog", "result": True})


async def test_operations_of_both_have_the_same_names(home: House) -> None:
    await home.data("GET", f"/devices/{home.ids[ZK]}/info")
    await home.data("GET", f"/devices/{home.ids[TIMMY]}/info")
    await home.data("POST", f"/devices/{home.ids[ZK]}/door/unlock")
    for serial in (ZK, TIMMY):
        found = await home.said("GET", f"/operations?sn={serial.lower()}&type=getdevinfo")
        assert found["total"] >= 1
        assert {each["sn"] for each in found["items"]} == {serial}
    (unlock,) = (await home.said("GET", "/operations?type=opendoor"))["items"]
    answer = await home.ask("POST", f"/operations/{unlock['_id']}/retry")
    assert refusal_of(answer, 409, "operation_not_retryable")["op"]["type"] == "opendoor"
    stats = await home.said("GET", "/stats")
    assert stats["total"] == sum(each["count"] for each in stats["byType"])
    assert stats["total"] == sum(each["count"] for each in stats["byStatus"])


@pytest.mark.parametrize(("source", "target"), [(ZK, TIMMY), (TIMMY, ZK)])
async def test_nobody_is_brought_to_another_dialect(home: House, source: str, target: str) -> None:
    await home.said("GET", f"/device/{source}/users")
    body: Json = {"fromSn": source, "toSn": target, "enrollIds": [1001], "deleteFromSource": True}
    (result,) = (await home.said("POST", "/transfer-users", body))["results"]
    assert result["result"] == "incompatible"
    assert not [each for each in result["steps"] if each["action"] == "delete_from_source"]
    said = await home.said("GET", f"/device/{source}/users")
    assert 1001 in {each["enrollid"] for each in said["records"]}


async def test_templates_are_brought_between_zkteco_terminals(home: House) -> None:
    body: Json = {"fromSn": ZK, "toSn": ZK2, "enrollIds": [1002]}
    (result,) = (await home.said("POST", "/transfer-users", body))["results"]
    assert result["steps"]
    for op_id in {each["opId"] for each in result["steps"]}:
        assert (await home.ended(op_id))["status"] in {"success", "failed"}


async def test_nothing_of_another_owners_is_there(home: House) -> None:
    found = await home.said("GET", "/operations", who=home.other)
    assert (found["total"], found["items"]) == (0, [])
    mine = (await home.said("GET", "/operations"))["items"][0]["_id"]
    for what in ("cancel", "retry"):
        answer = await home.ask("POST", f"/operations/{mine}/{what}", who=home.other)
        refusal_of(answer, 404, "not_found")


# ── a Timmy terminal by its id ───────────────────────────────────────────────

# What ends it, or is about another terminal, comes last or not at all.
LAST = {"power-off", "restart"}
OF_A_DEVICE = [
    row
    for row in ROWS
    if "{id}" in f"{row.path} {row.body}" and not (row.method == "DELETE" and row.on == "REMOVED")
]
ROWS_OF_TIMMY = sorted(OF_A_DEVICE, key=lambda row: row.path.rsplit("/", 1)[1] in LAST)
REFUSED = {"NOT_SUPPORTED", "NOT_FOUND", "USER_TAKEN", "DEVICE_ERROR", "DEVICE_OFFLINE"}


def filled(home: House, sent: Any) -> Any:
    if isinstance(sent, dict):
        if "whole" in sent:
            return {"name": "Terminal", "serial_number": TIMMY}
        return {name: filled(home, value) for name, value in sent.items()}
    return {"{id}": home.ids[TIMMY], "{target}": home.ids[TIMMY2]}.get(str(sent), sent)


@pytest.mark.parametrize("row", ROWS_OF_TIMMY, ids=lambda row: row.name)
async def test_every_route_of_v1_takes_it(home: House, row: Row) -> None:
    path = row.path.replace("{id}", str(home.ids[TIMMY]))
    answer = await home.ask(row.method, f"/v1{path}", filled(home, row.body))
    if answer.is_success:
        forms = {each.status: each.form for each in route_of(row).answers}
        form = TypeAdapter(forms[answer.status_code])
        assert form.dump_python(form.validate_json(answer.content), mode="json") == answer.json()
    else:
        assert answer.status_code < 500 or answer.status_code in {502, 503}, answer.text
        assert answer.json()["error"]["code"] in REFUSED, answer.text


async def test_what_it_cannot_is_said(home: House) -> None:
    path = f"/v1/devices/{home.ids[TIMMY2]}/power-off"
    answer = await home.ask("POST", path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "NOT_SUPPORTED")
