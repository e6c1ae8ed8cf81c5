"""Records against captured ones: what they were noted to mean, byte for byte."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from services.devices.simulators.device import Operation
from services.devices.simulators.people import User
from services.devices.simulators.truth import Punch
from services.devices.simulators.zk import tables

if TYPE_CHECKING:
    from tests.unit.simulators.conftest import Vectors

EPOCH = datetime.fromtimestamp(0, UTC)


def vector(vectors: Vectors, name: str) -> tuple[bytes, dict[str, Any]]:
    found = next(frame for frame in vectors["frames"] if frame["id"] == name)
    return bytes.fromhex(found["hex"]), found["expect"]


def punch_of(meaning: dict[str, Any]) -> Punch:
    time = datetime.fromisoformat(meaning["time"])
    return Punch(meaning["user_id"], time, EPOCH, meaning["state"], meaning["verify"])


def test_an_attendance_record_is_the_captured_one(vectors: Vectors) -> None:
    record, meaning = vector(vectors, "zp-att40")
    assert tables.attendance(meaning["uid"], punch_of(meaning)) == record


def test_a_live_punch_is_the_captured_one(vectors: Vectors) -> None:
    body, meaning = vector(vectors, "kr8-ev32")
    assert tables.attendance_event(punch_of(meaning)) == body


def test_a_user_record_is_the_captured_one_but_for_password_and_time_zones(
    vectors: Vectors,
) -> None:
    record, meaning = vector(vectors, "zp-user72")
    fields = ("uid", "user_id", "name", "privilege", "card", "group")
    ours = tables.user(User(**{field: meaning[field] for field in fields}))
    assert len(ours) == 72
    assert ours[:3] + ours[11:40] + ours[48:] == record[:3] + record[11:40] + record[48:]
    assert ours[3:11] + ours[40:48] == bytes(16)


def test_sizes_stand_where_the_captured_ones_do(vectors: Vectors) -> None:
    body, meaning = vector(vectors, "pz111-sizes")
    ours = tables.sizes(meaning["users"], meaning["admins"], meaning["records"], meaning["oplog"])
    assert len(ours) == len(body)
    for offset in (16, 32, 40, 48):
        assert ours[offset : offset + 4] == body[offset : offset + 4]
    capacity, free = struct.unpack_from("<i", ours, 64)[0], struct.unpack_from("<i", ours, 76)[0]
    assert capacity - free == meaning["records"]


def test_an_operation_has_sixteen_bytes() -> None:
    record = tables.operation(Operation(23, datetime.fromisoformat("2018-06-25T17:41:05")))
    assert record.hex() == "0000170031b168230000000000000000"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40))
def test_a_name_is_cut_between_characters_and_ends_with_nul(name: str) -> None:
    field = tables.user(User(1, "1001", name))[11:35]
    assert field[-1] == 0
    assert name.startswith(field.rstrip(b"\0").decode())


@given(st.lists(st.binary(min_size=40, max_size=40), max_size=30))
def test_a_table_begins_with_the_number_of_its_record_bytes(records: list[bytes]) -> None:
    table = tables.table(records)
    assert int.from_bytes(table[:4], "little") == len(table) - 4 == 40 * len(records)
