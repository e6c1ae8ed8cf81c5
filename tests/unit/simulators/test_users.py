"""User records: the captured one byte for byte, both widths, code pages, untidy fields."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.devices.simulators.people import People, User
from services.devices.simulators.spec import DeviceSpec
from services.devices.simulators.zk import users
from tests.unit.simulators.test_tables import vector

if TYPE_CHECKING:
    from tests.unit.simulators.conftest import Vectors

WIDE = DeviceSpec(serial="A")
NARROW = DeviceSpec(serial="A", profile="zem500")
NED = User(13, "555", "Ned", 0, 222, 2, "444", 1, (1, 2, 0))
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)


def test_a_record_is_the_captured_one_with_what_lay_behind_its_nul(vectors: Vectors) -> None:
    record, meaning = vector(vectors, "zp-user72")
    assert (NED.uid, NED.user_id, NED.card) == (meaning["uid"], meaning["user_id"], meaning["card"])
    assert users.pack(NED, WIDE.model_copy(update={"garbage": True})) == record
    assert users.unpack(record, WIDE) == NED
    assert users.pack(NED, WIDE)[3:11] == b"444".ljust(8, b"\0")


def test_a_narrow_record_has_its_fields_where_pyzk_has_them() -> None:
    record = users.pack(NED, NARROW)
    fields = struct.unpack("<HB5s8sIxBhI", record)
    assert fields == (13, 0, b"444\0\xff", b"Ned".ljust(8, b"\0"), 222, 2, 1, 555)
    nobody = users.pack(NED._replace(password=""), NARROW)
    assert nobody[3:8] == bytes.fromhex("00ffffff3a"), "what js_zklib #7 found there"


def test_a_narrow_name_of_eight_has_no_nul() -> None:
    record = users.pack(NED._replace(name="Alexander"), NARROW)
    assert record[8:16] == b"Alexande"
    back = users.unpack(record, NARROW)
    assert back is not None
    assert back.name == "Alexande"


@pytest.mark.parametrize("length", [0, 27, 28, 29, 71, 73])
def test_a_record_of_another_width_is_none(length: int) -> None:
    assert users.unpack(bytes(length), WIDE) is None


@given(TEXTS)
def test_a_name_is_cut_between_characters_and_ends_with_nul(name: str) -> None:
    field = users.pack(User(1, "1001", name), WIDE)[11:35]
    assert field[-1] == 0
    assert name.startswith(field.rstrip(b"\0").decode())


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("cp1256", "سلام"), ("gbk", "李小龙"), ("cp1251", "Анна"), ("utf-8", "Åse")],
)
def test_names_are_in_the_code_page_of_the_terminal(encoding: str, name: str) -> None:
    spec = DeviceSpec(serial="A", encoding=encoding)
    record = users.pack(User(1, "1", name), spec)
    assert record[11:35].rstrip(b"\0") == name.encode(encoding)
    back = users.unpack(record, spec)
    assert back is not None
    assert back.name == name


@given(st.binary(min_size=72, max_size=72), st.sampled_from(["utf-8", "gbk", "cp1256"]))
def test_whatever_was_written_is_read_as_it_was(record: bytes, encoding: str) -> None:
    spec = DeviceSpec(serial="A", encoding=encoding)
    user = users.unpack(record[:34] + b"\0" + record[35:], spec)
    assert user is not None
    assert users.unpack(users.pack(user, spec), spec) == user


def test_a_slot_is_overwritten_and_remembered() -> None:
    people = People([User(1, "1001", "A"), User(2, "1002", "B")])
    people.put(User(2, "77", "C"))
    assert [user.user_id for user in people.all()] == ["1001", "77"]
    assert people.find("1002") is None
    assert people.slots["1002"] == 2
    assert people.remove(2)
    assert not people.remove(2)
    assert len(people) == 1


def test_administrators_are_counted_whether_disabled_or_not() -> None:
    assert [User(1, "1", "A", privilege).is_admin for privilege in (0, 2, 6, 14, 15)] == [
        *(False, False, False, True, True)
    ]
