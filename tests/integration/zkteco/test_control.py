"""What terminals say of themselves, and what is done to the terminals themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.devices.agent import actions
from tests.component.gateway.conftest import error_of, fields_of
from tests.conftest import Platform
from tests.e2e.demo import until
from tests.integration.zkteco.house import House, house, spec

TERMINALS = ("HOUR", "LOCKED", "STRANGE", "CLEARED", "KEPT", "SWITCHED")
HOUR = 3600


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def home(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    quirks = {"HOUR": {"drift": HOUR}, "LOCKED": {"key": 42}, "STRANGE": {"live_width": 11}}
    specs = [
        spec(serial, number, **quirks.get(serial, {})) for number, serial in enumerate(TERMINALS, 1)
    ]
    async with house(platform, tmp_path_factory.mktemp("control"), specs) as running:
        for serial in TERMINALS:
            await running.register(serial, **({"password": "0042"} if serial == "LOCKED" else {}))
        yield running


def at(home: House, serial: str) -> str:
    return f"/devices/{home.ids[serial]}"


# ── said ─────────────────────────────────────────────────────────────────────


async def test_info_is_the_device_and_what_it_says(home: House) -> None:
    info = await home.data("GET", f"{at(home, 'KEPT')}/info")
    assert (info["id"], info["serial_number"]) == (home.ids["KEPT"], "KEPT")
    assert (info["is_connected"], info["problem"]) == (True, None)
    assert (info["firmware"], info["platform"]) == ("Ver 6.60 Apr 26 2016", "ZMM220_TFT")
    counts = info["counts"]
    assert (counts["users"], counts["records"], counts["fingerprints"]) == (12, 30, 4)
    assert info["capacity"]["users"] > counts["users"]
    assert abs(info["drift_ms"]) < 5000


async def test_a_clock_that_is_wrong_is_seen_and_set(home: House) -> None:
    info = await home.data("GET", f"{at(home, 'HOUR')}/info")
    assert abs(info["drift_ms"] - HOUR * 1000) < 5000
    clock = await home.data("POST", f"{at(home, 'HOUR')}/sync-time")
    assert set(clock) == {"device_id", "before", "after", "drift_ms", "at"}
    assert abs(clock["drift_ms"] - HOUR * 1000) < 5000
    assert clock["before"] > clock["after"]
    connection = await home.data("GET", f"{at(home, 'HOUR')}/test-connection")
    assert connection["is_connected"] is True
    assert abs(connection["drift_ms"]) < 5000


async def test_options_are_read_and_changed(home: House) -> None:
    path = f"{at(home, 'KEPT')}/options/VOLUME"
    assert await home.data("PUT", path, {"value": "80"}) == {
        "device_id": home.ids["KEPT"],
        "name": "VOLUME",
        "value": "80",
    }
    assert (await home.data("GET", path))["value"] == "80"
    assert home.fleet.servers["KEPT"].firmware.options["VOLUME"] == "80"


@pytest.mark.parametrize("name", ["1ST", "A-B", "x" * 65, "%00", "COMKey", "comkey"])
async def test_an_option_has_a_plain_name(home: House, name: str) -> None:
    """And the comm key, which is a secret, is none."""
    assert fields_of(await home.ask("GET", f"{at(home, 'KEPT')}/options/{name}")) == {"name"}


async def test_what_nobody_knows_is_an_alarm(home: House) -> None:
    home.fleet.servers["STRANGE"].punch("1001", 0)

    async def told() -> bool:
        return bool(await home.data("GET", f"{at(home, 'STRANGE')}/alarms"))

    await until(told, "an alarm")
    (alarm, *_) = await home.data("GET", f"{at(home, 'STRANGE')}/alarms")
    assert (alarm["code"], alarm["size"]) == ("UNKNOWN_FORM", 11)


# ── done ─────────────────────────────────────────────────────────────────────


async def test_a_door_is_unlocked(home: House) -> None:
    said = await home.data("POST", f"{at(home, 'KEPT')}/door/unlock", {"seconds": 7})
    assert said["auto_lock_in"] == 7
    assert [each.delay for each in home.device("KEPT").unlocks] == [70]


async def test_a_wrong_comm_key_is_not_taken(home: House) -> None:
    wrong = await home.ask("PATCH", at(home, "LOCKED"), {"password": "43"})
    error_of(wrong, 400, "DEVICE_WRONG_KEY")
    right = await home.ask("PATCH", at(home, "LOCKED"), {"password": "42", "location": "Gate"})
    assert right.json()["data"]["location"] == "Gate"
    assert "password" not in right.text
    await home.data("GET", f"{at(home, 'LOCKED')}/info")


async def test_a_log_is_cleared_once_attendance_has_it(home: House) -> None:
    job = await home.data("POST", f"/attendance/sync/{home.ids['CLEARED']}")
    assert (await home.ended(job["job_id"]))["progress"]["receipted"] == 30
    cleared = await home.data("DELETE", f"/attendance/device/{home.ids['CLEARED']}")
    assert (cleared["records"], cleared["noted"]) == (30, True)
    assert home.device("CLEARED").truth.log_size == 0
    kept = await home.ask("GET", f"/attendance/device/{home.ids['CLEARED']}")
    assert kept.json()["metadata"]["total"] == 30


async def test_a_device_is_switched_off(home: House) -> None:
    job = await home.data("POST", f"{at(home, 'SWITCHED')}/power-off")
    assert (job["outcome"], job["result"]) == ("completed", {"kind": "done"})
    assert not home.device("SWITCHED").powered
    await home.connected("SWITCHED", whether=False)


# The last one: attendance is away from here on.
async def test_a_log_that_attendance_does_not_have_is_kept(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "_RECEIPT_SECONDS", 0.5)
    await home.attendance.aclose()
    home.fleet.servers["KEPT"].punch("1001", 0)
    answer = await home.ask("DELETE", f"/attendance/device/{home.ids['KEPT']}")
    error_of(answer, 409, "UNRECEIPTED_RECORDS")
    assert home.device("KEPT").truth.log_size == 31
