"""Decisions about devices."""

from __future__ import annotations

from typing import Any

import pytest

from services.devices.rules import devices as rules
from shared.contracts.devices import ChangeDevice, Device, RegisterDevice
from shared.contracts.errors import Code
from shared.kit.errors import MusterError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("192.168.1.201", "192.168.1.201"),
        (" 127.0.1.1 ", "127.0.1.1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
    ],
)
def test_an_ip_has_one_spelling(written: str, meant: str) -> None:
    assert rules.checked(RegisterDevice(name="Door", ip=written), "zk").ip == meant


@pytest.mark.parametrize(
    "ip", ["", "door.example", "300.1.1.1", "10.0.0.01", "10.0.0.1/24", "::", "224.0.0.1"]
)
def test_what_is_no_address_of_one_device_is_refused_by_name(ip: str) -> None:
    with pytest.raises(MusterError) as caught:
        rules.checked(RegisterDevice(name="Door", ip=ip), "zk")
    assert caught.value.problem.code is Code.VALIDATION_ERROR
    assert [each.field for each in caught.value.problem.fields] == ["ip"]


def test_every_wrong_field_is_named_at_once() -> None:
    request = RegisterDevice(name="Do\x00or", ip="nowhere", zone="Asia/Nowhere")
    with pytest.raises(MusterError) as caught:
        rules.checked(request, "zk")
    assert {each.field for each in caught.value.problem.fields} == {"name", "ip", "zone"}


def test_a_zone_is_an_iana_name() -> None:
    assert rules.is_zone("Asia/Jakarta")
    assert not rules.is_zone("../etc/passwd")
    assert not rules.is_zone("")


@pytest.mark.parametrize(
    ("reported", "meant"),
    [("ABC123\x00\x00", "ABC123"), ("  ", None), (None, None), ("", None), ("A" * 99, "A" * 64)],
)
def test_a_serial_is_what_the_device_means(reported: str | None, meant: str | None) -> None:
    assert rules.serial_of(reported) == meant


@pytest.mark.parametrize(
    ("code", "told", "status"),
    [
        (Code.DEVICE_UNREACHABLE, Code.DEVICE_UNREACHABLE, 400),
        (Code.DEVICE_WRONG_KEY, Code.DEVICE_WRONG_KEY, 400),
        (Code.DEVICE_NO_ANSWER, Code.DEVICE_NO_ANSWER, 400),
        (Code.DEVICE_REFUSED, Code.DEVICE_REFUSED, 400),
        (Code.DEVICE_WRONG_PROTOCOL, Code.DEVICE_WRONG_PROTOCOL, 400),
        (Code.NO_AGENT, Code.NO_AGENT, 503),
        (Code.TIMEOUT, Code.NO_AGENT, 503),
    ],
)
def test_a_failed_probe_is_told_as_documented(code: Code, told: Code, status: int) -> None:
    problem = rules.probe_error(MusterError(code).problem).problem
    assert (problem.code, problem.status) == (told, status)


def test_an_exchanged_device_is_a_problem_and_a_first_contact_is_none() -> None:
    problem = rules.exchanged("A1", "B2")
    assert problem is not None
    assert "A1" in problem.details
    assert "B2" in problem.details
    assert rules.exchanged("A1", "A1") is None
    assert rules.exchanged(None, "A1") is None
    assert rules.exchanged("A1", None) is None


# ── changing ─────────────────────────────────────────────────────────────────

KNOWN: dict[str, Any] = {
    **dict.fromkeys(Device.model_fields, "as it was"),
    "ip": "10.0.0.1",
    "port": 4370,
    "comm_key": 7,
    "driver": "native",
    "serial_number": "LABEL",
    "device_serial": "REAL",
}


@pytest.mark.parametrize(
    ("asked", "changed", "reached"),
    [
        ({}, {}, False),
        ({"port": 4370, "comm_key": 7}, {}, False),
        ({"name": "New"}, {"name": "New"}, False),
        ({"comm_key": 0}, {"comm_key": 0}, True),
        ({"ip": "10.0.0.2", "port": 4370}, {"ip": "10.0.0.2"}, True),
        ({"driver": "pyzk", "location": ""}, {"driver": "pyzk", "location": ""}, True),
        ({"transport": "udp"}, {"transport": "udp"}, True),
        ({"encoding": "CP1251", "unlock_factor": 1}, {"encoding": "cp1251", "unlock_factor": 1}, 0),
        ({"serial_number": ""}, {"serial_number": "REAL"}, False),
    ],
)
def test_a_change_is_what_differs_and_some_of_it_is_to_be_reached(
    asked: dict[str, Any], changed: dict[str, Any], reached: bool
) -> None:
    found = rules.changes(KNOWN, ChangeDevice(device_id=1, **asked))
    assert found == changed
    assert rules.must_be_reached(found) is bool(reached)


def test_a_change_is_checked_like_a_registration() -> None:
    checked = rules.checked(ChangeDevice(device_id=1, ip="::ffff:10.0.0.7"), "zk")
    assert (checked.ip, checked.name) == ("10.0.0.7", None)
    wrong = ChangeDevice(device_id=1, ip="nowhere", zone="Mars/Base", location="a\x00")
    with pytest.raises(MusterError) as caught:
        rules.checked(wrong, "zk")
    assert {each.field for each in caught.value.problem.fields} == {"ip", "zone", "location"}


def test_no_page_is_beyond_what_the_database_can_count() -> None:
    assert rules.offset(1, 20) == 0
    assert rules.offset(3, 20) == 40
    assert rules.offset(10**30, 200) == 2**63 - 1


# ── devices that dial in ─────────────────────────────────────────────────────


def test_of_one_that_dials_in_nothing_is_kept_that_would_reach_it() -> None:
    asked = {"ip": "nowhere", "port": 1, "comm_key": 7, "driver": "pyzk", "transport": "udp"}
    new = RegisterDevice(name="Gate", serial_number="zxre06022863", dialect="timmy", **asked)
    checked = rules.checked(new, "timmy")
    assert (checked.ip, checked.port, checked.comm_key) == ("", 0, 0)
    assert (checked.driver, checked.transport, checked.serial_number) == (
        *("native", "tcp"),
        "ZXRE06022863",
    )
    change = rules.checked(ChangeDevice(device_id=1, **asked), "timmy")
    assert rules.changes(KNOWN, change) == {}
    unnamed = rules.checked(ChangeDevice(device_id=1, serial_number=""), "timmy")
    assert rules.changes(KNOWN, unnamed) == {}


@pytest.mark.parametrize("serial", ["", "ABC", "Z X R E 1"])
def test_one_that_dials_in_needs_a_serial_that_it_can_have(serial: str) -> None:
    asked = RegisterDevice(name="Ga\x00te", serial_number=serial, dialect="timmy", zone="Mars")
    with pytest.raises(MusterError) as caught:
        rules.checked(asked, "timmy")
    named = {each.field for each in caught.value.problem.fields}
    assert named == {"name", "zone", "serial_number"}


def test_a_serial_that_it_cannot_have_is_no_change() -> None:
    with pytest.raises(MusterError, match="serial_number"):
        rules.checked(ChangeDevice(device_id=1, serial_number="ABC"), "timmy")


@pytest.mark.parametrize(
    ("dialect", "hardware", "changed", "refused"),
    [
        ("timmy", {}, {"serial_number": "ZXRE06022864"}, True),
        ("timmy", {}, {"name": "Gate"}, False),
        ("timmy", None, {"serial_number": "ZXRE06022864"}, False),
        ("zk", None, {"serial_number": "LABEL"}, False),
    ],
)
def test_what_dialled_in_keeps_its_serial(
    dialect: str, hardware: dict[str, str] | None, changed: dict[str, str], refused: bool
) -> None:
    known = {**KNOWN, "dialect": dialect, "hardware": hardware}
    if not refused:
        rules.same_device(known, changed)
        return
    with pytest.raises(MusterError, match="register the other one"):
        rules.same_device(known, changed)
