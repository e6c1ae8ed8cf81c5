"""Records and counts against captured ones: what they were noted to mean, byte for byte."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from services.devices.simulators.device import Device, Operation
from services.devices.simulators.fingers import Template
from services.devices.simulators.people import User
from services.devices.simulators.quirks import LogWidth
from services.devices.simulators.spec import DeviceSpec
from services.devices.simulators.truth import Punch
from services.devices.simulators.zk import punches, tables

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.simulators.conftest import FakeNow, Vectors

EPOCH = datetime.fromtimestamp(0, UTC)


def vector(vectors: Vectors, name: str) -> tuple[bytes, dict[str, Any]]:
    found = next(frame for frame in vectors["frames"] if frame["id"] == name)
    return bytes.fromhex(found["hex"]), found.get("expect", {})


def punch_of(meaning: dict[str, Any]) -> Punch:
    time = datetime.fromisoformat(meaning["time"])
    person, state = meaning.get("user_id", meaning.get("user")), meaning.get("state", 0)
    return Punch(str(person), time, EPOCH, state, meaning.get("verify", 1))


def test_a_40_byte_record_is_the_captured_one(vectors: Vectors) -> None:
    record, meaning = vector(vectors, "zp-att40")
    assert punches.record(meaning["uid"], punch_of(meaning), LogWidth.FORTY) == record


def test_a_16_byte_record_is_the_captured_one(vectors: Vectors) -> None:
    for name in ("js50-16b", "js50-16c"):
        record, meaning = vector(vectors, name)
        punch = punch_of({**meaning, "state": meaning["b8"], "verify": meaning["b9"]})
        assert punches.record(0, punch, LogWidth.SIXTEEN) == record


def test_a_packed_8_byte_record_is_the_captured_one(vectors: Vectors) -> None:
    for name in ("pz99-att8b-1", "pz99-att8b-3"):
        record, meaning = vector(vectors, name)
        assert punches.record(meaning["uid"], punch_of(meaning), LogWidth.EIGHT_B) == record


def test_the_other_8_byte_record_is_what_pyzk_reads() -> None:
    time = datetime.fromisoformat("2018-06-25T17:41:05")
    record = punches.record(300, Punch("1", time, EPOCH, 4, 15), LogWidth.EIGHT_A)
    assert struct.unpack("<HB4sB", record) == (300, 15, bytes.fromhex("31b16823"), 4)


def test_a_49_byte_record_begins_as_the_40_byte_one(vectors: Vectors) -> None:
    record, meaning = vector(vectors, "zp-att40")
    wide = punches.record(meaning["uid"], punch_of(meaning), LogWidth.FORTY_NINE)
    assert len(wide) == 49
    assert wide[:36] == record[:36]
    assert wide[36:40] == b"\xff255"


def test_a_date_that_no_calendar_has_is_sent_as_it_is(vectors: Vectors) -> None:
    punch = Punch("1001", EPOCH, EPOCH, 0, 1, stamp="2024-02-31T00:00:00")
    record = punches.record(1, punch, LogWidth.FORTY)
    assert record[27:31] == bytes.fromhex("80bb4a2e")


def test_the_packed_log_follows_the_log(tmp_path: Path, now: FakeNow) -> None:
    device = Device(DeviceSpec(serial="A", users=3, records=5), tmp_path, now, seed=1)
    log = punches.LogTable(LogWidth.FORTY)
    first = log.of(device)
    assert log.of(device) is first, "packed twice"
    device.punch("1002", 1)
    grown = log.of(device)
    assert grown == first + punches.record(2, device.truth.punches[-1], LogWidth.FORTY)
    device.clear_log()
    assert log.of(device) == b""
    device.punch("1003", 1)
    assert len(log.of(device)) == 40


def test_sizes_stand_where_the_captured_ones_do(
    vectors: Vectors, tmp_path: Path, now: FakeNow
) -> None:
    body, meaning = vector(vectors, "pz111-sizes")
    spec = DeviceSpec(serial="A", users=1, templates=3, records=meaning["records"])
    device = Device(spec, tmp_path, now, seed=1)
    for slot, privilege in ((2, 14), (3, 0)):
        device.people.put(User(slot, str(slot), "X", privilege, password=str(slot)))
    device.operations[:] = [Operation(0, EPOCH)] * meaning["oplog"]
    ours = tables.sizes(device, None)
    assert len(ours) == len(body)
    for offset in (16, 24, 32, 40, 48, 52):
        assert ours[offset : offset + 4] == body[offset : offset + 4], offset
    count = struct.unpack_from
    for capacity, free, held in ((56, 68, 24), (60, 72, 16), (64, 76, 32)):
        left = count("<i", ours, capacity)[0] - count("<i", ours, free)[0]
        assert left == count("<i", ours, held)[0]


def test_an_operation_has_sixteen_bytes() -> None:
    record = tables.operation(Operation(23, datetime.fromisoformat("2018-06-25T17:41:05")))
    assert record.hex() == "0000170031b168230000000000000000"


def test_a_template_entry_begins_as_the_captured_one(vectors: Vectors) -> None:
    head, _ = vector(vectors, "zp-fptmp-head")
    content = head[6:].ljust(0x04C4 - 6, b"\x11")
    assert tables.template(Template(14, 4, 1, content))[: len(head)] == head


@given(st.lists(st.binary(min_size=40, max_size=40), max_size=30))
def test_a_table_begins_with_the_number_of_its_record_bytes(records: list[bytes]) -> None:
    table = tables.table(records)
    assert int.from_bytes(table[:4], "little") == len(table) - 4 == 40 * len(records)
