"""Live events against captured ones, in every length that was seen and one that was not."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from services.devices.simulators.device import Device
from services.devices.simulators.enrolment import Ended, Laid, Result, Scored
from services.devices.simulators.people import User
from services.devices.simulators.spec import DeviceSpec
from services.devices.simulators.truth import Punch
from services.devices.simulators.zk import events, wire
from tests.unit.simulators.test_tables import EPOCH, punch_of, vector

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.simulators.conftest import FakeNow, Vectors

PUNCH = Punch("1001", datetime.fromisoformat("2024-12-31T23:59:58"), EPOCH, state=1, verify=15)
SIX = bytes((24, 12, 31, 23, 59, 58))


@pytest.fixture
def device(tmp_path: Path, now: FakeNow) -> Device:
    return Device(DeviceSpec(serial="A", users=3), tmp_path, now, seed=1)


def test_a_32_byte_punch_is_the_captured_one(vectors: Vectors) -> None:
    body, meaning = vector(vectors, "kr8-ev32")
    assert events.punch(0, punch_of(meaning), 32) == body


def test_a_12_byte_punch_is_the_captured_one(vectors: Vectors) -> None:
    frame, _ = vector(vectors, "pyzk-72")
    number = int.from_bytes(frame[16:20], "little")
    time = datetime.fromisoformat("2018-12-07T19:09:06")
    assert events.punch(0, Punch(str(number), time, EPOCH, 0, 0), 12) == frame[16:28]


@pytest.mark.parametrize(
    ("width", "body"),
    [
        (10, b"\x07\x00\x0f\x01" + SIX),
        (14, b"\x07\x00\x0f\x01" + SIX + bytes(4)),
        (12, b"\xe9\x03\x00\x00\x0f\x01" + SIX),
        (36, b"1001".ljust(24, b"\0") + b"\x0f\x01" + SIX + bytes(4)),
        (37, b"1001".ljust(24, b"\0") + b"\x0f\x01" + SIX + bytes(5)),
        (52, b"1001".ljust(24, b"\0") + b"\x0f\x01" + SIX + bytes(20)),
        (20, b"1001".ljust(20, b"\0")),
    ],
)
def test_a_punch_has_the_length_of_the_model(width: int, body: bytes) -> None:
    assert events.punch(7, PUNCH, width) == body


def test_a_score_is_the_captured_one(vectors: Vectors, device: Device) -> None:
    frame, meaning = vector(vectors, "zp-ev-fpftr")
    packet = wire.decode(frame[8:])
    assert packet is not None
    scored = Scored(meaning["score"])
    assert (packet.session, packet.data) == (events.code(scored), events.body(scored, device))


def test_an_enrolment_tells_its_result(device: Device) -> None:
    assert events.body(Laid(), device) == b""
    done = events.body(Ended(Result.OK, "1001", 0x04C4, 6), device)
    assert done == b"\0\0" + b"\xc4\x04" + b"1001\0\0\0\0\0" + b"\6"
    assert events.body(Ended(Result.DUPLICATE, "1001", 0, 6), device) == b"\5\0"


def test_a_narrow_punch_names_the_slot_of_the_person(device: Device) -> None:
    device.people.put(User(512, "9", "Zoe"))
    narrow = device.spec.model_copy(update={"live_width": 10})
    device.spec = narrow
    punch = device.punch("9", 0)
    assert events.body(punch, device)[:2] == (512).to_bytes(2, "little")
