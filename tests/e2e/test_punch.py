"""A punch travels the whole way: device, bus, Postgres, API, webhook; once, and as it was."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from tests.e2e.demo import Demo, Json, until

Told = tuple[str, str, str, datetime, int]


def told_by_device(serial: str, truth: list[Json], zone: str | None = None) -> Counter[Told]:
    """What a device accepted; one with a ``zone`` was told the time, by whole seconds only."""

    def instant(each: Json) -> datetime:
        if zone is None:
            return datetime.fromisoformat(each["instant"])
        return datetime.fromisoformat(each["device_time"]).replace(tzinfo=ZoneInfo(zone))

    return Counter(
        (serial, each["person"], each["device_time"], instant(each), each["state"])
        for each in truth
    )


def told_by_api(items: list[Json]) -> Counter[Told]:
    return Counter(
        (
            each["serial_number"],
            each["user_id"],
            each["device_time"],
            datetime.fromisoformat(each["punched_at"]),
            each["in_out_state"],
        )
        for each in items
    )


async def truths(demo: Demo) -> Counter[Told]:
    together: Counter[Told] = Counter()
    zones = await dialling(demo)
    for serial in demo.serials:
        together += told_by_device(serial, await demo.truth(serial), zones.get(serial))
    return together


async def dialling(demo: Demo) -> dict[str, str]:
    """The zones of the terminals that dial in, by serial number."""
    devices = (await demo.fleet.get("/devices")).raise_for_status().json()
    return {each["serial"]: each["zone"] for each in devices if each["dialect"] == "timmy"}


async def assert_all_there_once(demo: Demo, seconds: float = 30.0) -> None:
    """The union of the devices' truths equals what the API shows, each once."""

    async def equal() -> bool:
        # Asked after the truth, because people go on punching meanwhile.
        truth = await truths(demo)
        items = [each for each in await demo.attendance() if each["serial_number"] in demo.serials]
        shown = told_by_api(items)
        missing, extra = truth - shown, shown - await truths(demo)
        differences[:] = [*missing.items(), *extra.items()][:10]
        return not missing and not extra

    differences: list[tuple[Told, int]] = []
    try:
        await until(equal, "truth equals attendance", seconds, pause=0.3)
    except AssertionError as error:
        msg = f"{error}; some that differ: {differences}"
        raise AssertionError(msg) from None


async def sync(demo: Demo, serial: str) -> Json:
    """Read a device's whole log through the API and wait for the end of the job."""
    device = (await demo.devices())[serial]
    answer = await demo.api.post(f"/api/v1/attendance/sync/{device}")
    assert answer.status_code == 202, answer.text
    return await finished(demo, answer.json()["data"]["job_id"])


async def finished(demo: Demo, job_id: str, seconds: float = 60.0) -> Json:
    job: Json = {}

    async def ended() -> bool:
        nonlocal job
        job = (await demo.api.get(f"/api/v1/queue/jobs/{job_id}")).raise_for_status().json()["data"]
        return job["status"] in {"completed", "failed"}

    await until(ended, f"job {job_id} ends", seconds)
    return job


async def test_the_guide_says_where_everything_is(demo: Demo) -> None:
    guide = demo.guide
    assert len(guide["devices"]) >= 3
    assert {device["dialect"] for device in guide["devices"]} == {"zk", "timmy"}
    for device in guide["devices"]:
        assert device["punches"] >= 2000
        where = device["host"] if device["dialect"] == "zk" else device["server"]
        assert where.startswith(("127.0.1.", "ws://127.0.0.1:"))
    zones = {each["zone"] for each in (await demo.fleet.get("/devices")).json()}
    assert len(zones) >= 2


async def test_every_truth_is_in_attendance_once_with_the_right_instant(demo: Demo) -> None:
    await assert_all_there_once(demo)
    doubles = [told for told, count in (await truths(demo)).items() if count > 1]
    assert doubles, "somebody punched twice in one second"


async def test_a_second_sync_changes_nothing(demo: Demo) -> None:
    before = {each["id"] for each in await demo.attendance()}
    for serial in demo.serials:
        job = await sync(demo, serial)
        assert job["status"] == "completed", job
        assert job["progress"]["read"] >= 2000
        assert job["progress"]["receipted"] == job["progress"]["read"]
    await assert_all_there_once(demo)
    after = {each["id"] for each in await demo.attendance()}
    assert before <= after


async def test_a_live_punch_reaches_the_receiver_as_the_document_says(demo: Demo) -> None:
    serial = demo.serials[1]
    said = await demo.punch(serial, "1007", 1)
    wanted = {
        "enrollid": 1007,
        "time": datetime.fromisoformat(said["instant"]),
        "event": said["state"],
    }

    def as_sent(record: Json) -> Json:
        return {**record, "time": datetime.fromisoformat(record["time"])}

    async def arrived() -> bool:
        return any(
            wanted == as_sent(record)
            for request in demo.received()
            if request["body"]["sn"] == serial
            for record in request["body"]["record"]
        )

    await until(arrived, "the punch at the receiver", 10)
    last = demo.received()[-1]
    headers = {key.lower(): value for key, value in last["headers"].items()}
    assert headers["authorization"].startswith("Bearer ")
    assert set(last["body"]) == {"sn", "record"}
    assert set(last["body"]["record"][0]) == {"enrollid", "time", "event"}


async def test_every_record_reaches_the_receiver_once(demo: Demo) -> None:
    async def all_there() -> bool:
        sent: Counter[tuple[str, int, datetime, int]] = Counter()
        # A delivery whose answer was lost comes again under the same id.
        deliveries = {each["headers"]["webhook-id"]: each for each in demo.received()}
        for request in deliveries.values():
            for each in request["body"]["record"]:
                when = datetime.fromisoformat(each["time"])
                sent[(request["body"]["sn"], each["enrollid"], when, each["event"])] += 1
        truth: Counter[tuple[str, int, datetime, int]] = Counter()
        zones = await dialling(demo)
        for (serial, person, _, instant, state), count in (await truths(demo)).items():
            # What somebody chose at such a terminal stands beside the direction; here, nothing.
            event = 0 if serial in zones else state
            truth[(serial, int(person), instant, event)] += count
        assert not (sent - truth), "nothing twice"
        return len(truth - sent) <= 3  # those who punch at this very moment

    await until(all_there, "every record at the receiver", 30, pause=0.5)


def _tells(request: Json, person: int, event: int) -> bool:
    records = request["body"]["record"]
    return any((each["enrollid"], each["event"]) == (person, event) for each in records)


async def test_one_trace_from_the_agent_to_the_receiver(demo: Demo) -> None:
    await demo.punch(demo.serials[0], "1003", 4)

    async def received() -> Json | None:
        return next((each for each in demo.received() if _tells(each, 1003, 4)), None)

    await until(received, "the punch at the receiver", 10)
    request = await received()
    assert request is not None
    headers = {key.lower(): value for key, value in request["headers"].items()}
    trace = headers["traceparent"].split("-")[1]

    def services() -> set[str]:
        found = set()
        for path in (demo.directory / "traces").glob("*.jsonl"):
            for line in path.read_text(encoding="utf-8").splitlines():
                span: Any = json.loads(line)
                if span["context"]["trace_id"].removeprefix("0x") == trace:
                    found.add(span["resource"]["attributes"]["service.name"])
        return found

    async def complete() -> bool:
        return {"agent", "attendance", "forwarder"} <= services()

    await until(complete, "spans of all processes", 10)


async def test_a_door_is_unlocked_once_and_audited(demo: Demo) -> None:
    serial = demo.serials[0]
    device = (await demo.devices())[serial]
    before = len((await demo.fleet.get(f"/devices/{serial}/unlocks")).json())
    headers = {"Idempotency-Key": "e2e-unlock-1"}
    first = await demo.api.post(f"/api/v1/devices/{device}/door/unlock", headers=headers)
    again = await demo.api.post(f"/api/v1/devices/{device}/door/unlock", headers=headers)
    assert first.status_code == again.status_code == 200, first.text
    assert first.json()["data"] == again.json()["data"]
    data = first.json()["data"]
    assert data["device_id"] == device
    assert data["unlocked_by"] == demo.guide["admin_email"]
    assert data["auto_lock_in"] == 5
    assert data["audit_id"].startswith("AUD-")
    after = (await demo.fleet.get(f"/devices/{serial}/unlocks")).json()
    assert len(after) == before + 1


async def test_the_faults_of_a_device_have_their_names_at_the_api(demo: Demo) -> None:
    serial = demo.serials[2]
    device = (await demo.devices())[serial]

    async def seen(code: str | None) -> bool:
        found = (await demo.api.get(f"/api/v1/devices/{device}")).json()["data"]
        problem = (found["problem"] or {}).get("code")
        return bool(found["is_connected"] is (code is None) and problem == code)

    try:
        for fault, code in (
            ("unreachable", "DEVICE_UNREACHABLE"),
            ("wrong_key", "DEVICE_WRONG_KEY"),
            ("hang", "DEVICE_NO_ANSWER"),
        ):
            await demo.fault(serial, fault)
            await until(partial(seen, code), f"{serial} shows {code}")
            answer = await demo.api.post(f"/api/v1/attendance/sync/{device}")
            assert answer.status_code == 202, answer.text
            job = await finished(demo, answer.json()["data"]["job_id"], 45)
            assert job["status"] == "failed", job
            assert job["error"]["code"] == code, job
            answer = await demo.api.post(f"/api/v1/devices/{device}/door/unlock")
            assert answer.status_code in {503, 504}, answer.text
            assert answer.json()["error"]["code"] == code, answer.text
            await demo.fault(serial, "none")
            await until(partial(seen, None), f"{serial} is well again")
    finally:
        await demo.fault(serial, "none")
    await assert_all_there_once(demo, 40)


async def test_no_secret_is_in_any_log(demo: Demo) -> None:
    secrets = [
        path.read_text(encoding="utf-8", errors="replace").strip()
        for path in (demo.directory / "secrets").iterdir()
        if path.suffix in {".password", ".seed", ".token", ".key"}
    ]
    token = demo.api.headers["authorization"].removeprefix("Bearer ")
    for log in (demo.directory / "logs").iterdir():
        text = log.read_text(encoding="utf-8", errors="replace")
        assert token not in text, log.name
        assert not [secret for secret in secrets if secret and secret in text], log.name
    for trace in (demo.directory / "traces").iterdir():
        assert token not in trace.read_text(encoding="utf-8")
