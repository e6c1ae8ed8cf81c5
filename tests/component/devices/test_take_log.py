"""Logs that are POSTed: attendance commits them, or nobody has taken them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from shared.contracts import catalog
from shared.contracts.attendance import PunchesKept, RecordPunches
from shared.contracts.devices import (
    Device,
    LogTaken,
    MakePath,
    PathMade,
    PostedRecord,
    TakeLog,
)
from shared.contracts.errors import Code
from shared.contracts.readings import PunchBatch
from shared.kit import rpc
from shared.kit.bus import Bus
from tests.component.devices.conftest import Agent, Running, fails
from tests.conftest import OTHER_OWNER, OWNER

EIGHT = datetime(2026, 5, 1, 8, 1, 10)  # noqa: DTZ001 - a device's wall clock has no zone


class Attendance:
    """A stand-in that keeps what it is asked to record."""

    def __init__(self) -> None:
        self.asked: list[RecordPunches] = []

    async def record(self, _: str, request: RecordPunches) -> PunchesKept:
        self.asked.append(request)
        return PunchesKept(recorded=2, known=1, forwarded=request.wait > 0)

    @property
    def batch(self) -> PunchBatch:
        return self.asked[-1].batch


@pytest_asyncio.fixture(loop_scope="session")
async def attendance(registry: Running, bus_of: Callable[[str], Awaitable[Bus]]) -> Attendance:
    made, bus = Attendance(), await bus_of("attendance")
    question = catalog.RECORD_PUNCHES
    rpc.answer_at(bus, question, question.subject, RecordPunches, made.record)
    await bus.start()
    return made


def record(user_id: str = "17", moment: datetime = EIGHT, **more: Any) -> PostedRecord:
    return PostedRecord(user_id=user_id, device_time=moment, **more)


async def take(registry: Running, serial: str, *records: PostedRecord, **more: Any) -> LogTaken:
    """Ask as the gateway does, for nobody in particular."""
    request = TakeLog(serial=serial, records=records or (record(),), **more)
    return await rpc.ask(registry.gateway, catalog.TAKE_LOG, request, LogTaken)


async def path(registry: Running, device: Device) -> str:
    asked = MakePath(device_id=device.id)
    made = await registry.ask(catalog.MAKE_PATH, asked, PathMade)
    return made.token.get_secret_value()


async def test_they_are_punches_like_any_other(registry: Running, attendance: Attendance) -> None:
    device = await registry.register_terminal("ZXRE25000001", zone="Asia/Jakarta")
    rows = (
        record("0017", raw=b"one", verify=8, state=1, event=3),
        record("18"),
        record("17", raw=b"again"),
        record("17", EIGHT.replace(second=11)),
    )
    taken = await take(registry, "zxre25000001", *rows, wait=2)
    assert taken == LogTaken(recorded=2, known=1, forwarded=True)
    batch = attendance.batch
    assert (batch.owner, batch.site, batch.device_id) == (OWNER, "hq", device.id)
    assert (batch.serial, batch.zone, batch.source) == ("ZXRE25000001", "Asia/Jakarta", "http")
    said = [(each.person, each.device_time, each.ordinal, each.raw) for each in batch.records]
    assert said == [
        ("0017", "2026-05-01T08:01:10", 0, b"one"),
        ("18", "2026-05-01T08:01:10", 0, b""),
        ("17", "2026-05-01T08:01:10", 1, b"again"),
        ("17", "2026-05-01T08:01:11", 0, b""),
    ]
    first = batch.records[0]
    assert (first.verify, first.state, first.event) == (8, 1, 3)
    await take(registry, "ZXRE25000001")
    assert attendance.batch.batch_id != batch.batch_id
    assert attendance.batch.journal_id == batch.journal_id


async def test_a_zk_device_is_known_by_what_it_reports_and_what_was_registered(
    registry: Running, agent: Agent, attendance: Attendance
) -> None:
    agent.serials["10.0.0.1"] = "REPORTED-1"
    await registry.register(serial_number="typed-1")
    for serial in ("TYPED-1", "reported-1"):
        await take(registry, serial)
        assert attendance.batch.serial == "REPORTED-1", "as its own log has it"


async def test_without_attendance_nothing_is_acknowledged(registry: Running, agent: Agent) -> None:
    await registry.register_terminal("ZXRE25000001")
    assert await fails(take(registry, "ZXRE25000001")) is Code.SERVICE_UNAVAILABLE


async def test_serials_cannot_be_probed(
    registry: Running, agent: Agent, attendance: Attendance
) -> None:
    for owner in (OWNER, OTHER_OWNER):
        await registry.register_terminal("SHARED-0001", owner=owner)
    removed = await registry.register_terminal("REMOVED-0001")
    await registry.remove(removed)
    for serial in ("SHARED-0001", "REMOVED-0001", "NOBODY-0001", "", "A\x00"):
        assert await fails(take(registry, serial)) is Code.DEVICE_OFFLINE
    assert attendance.asked == []


async def test_a_device_with_a_path_needs_its_token(
    registry: Running, agent: Agent, attendance: Attendance
) -> None:
    device = await registry.register_terminal("ZXRE25000001")
    other = await registry.register_terminal("ZXRE25000002")
    tokens = [await path(registry, device) for _ in range(2)]
    theirs = await path(registry, other)
    for wrong in (None, "", theirs, tokens[0][:-1], "é"):
        token = None if wrong is None else SecretStr(wrong)
        refused = take(registry, "ZXRE25000001", token=token)
        assert await fails(refused) is Code.DEVICE_OFFLINE
    assert attendance.asked == []
    for good in tokens:
        await take(registry, "ZXRE25000001", token=SecretStr(good))
    await registry.rows("update paths set until = now() where until is not null returning 1")
    late = take(registry, "ZXRE25000001", token=SecretStr(tokens[0]))
    assert await fails(late) is Code.DEVICE_OFFLINE


async def test_nobody_shuts_out_a_device_that_has_a_token(
    registry: Running, agent: Agent, attendance: Attendance
) -> None:
    mine = await registry.register_terminal("SHARED-0001")
    token = SecretStr(await path(registry, mine))
    theirs = await registry.register_terminal("SHARED-0001", owner=OTHER_OWNER)
    await take(registry, "SHARED-0001", token=token)
    assert (attendance.batch.owner, attendance.batch.device_id) == (OWNER, mine.id)
    for wrong in (None, SecretStr("another")):
        refused = take(registry, "SHARED-0001", token=wrong)
        assert await fails(refused) is Code.DEVICE_OFFLINE, f"it may be {theirs.id}'s or not"
    assert len(attendance.asked) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        record("0"),
        record("000"),
        record("99999999"),
        record(moment=EIGHT.replace(tzinfo=UTC)),
    ],
)
async def test_what_is_no_punch_is_refused_with_all_of_it(
    registry: Running, agent: Agent, attendance: Attendance, wrong: PostedRecord
) -> None:
    await registry.register_terminal("ZXRE25000001")
    refused = take(registry, "ZXRE25000001", record(), wrong)
    assert await fails(refused) is Code.VALIDATION_ERROR
    assert attendance.asked == []
