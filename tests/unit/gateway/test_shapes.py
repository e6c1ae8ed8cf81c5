"""What callers may write, and what it means."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from services.gateway.routes.shapes.devices import DeviceChange, NewDevice, WholeDevice
from services.gateway.routes.shapes.fields import Pages
from services.gateway.routes.shapes.people import NewUser, UserChange, UsersOfDevice, WholeUser
from services.gateway.routes.shapes.punches import Summary
from shared.kit.errors import MusterError

NOW = datetime(2024, 2, 5, 20, tzinfo=UTC)
PERSON = {"user_id": "42", "name": "Sample Person"}
DOOR = {"name": "Door", "ip": "10.0.0.1"}


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ({}, date(2024, 2, 5), date(2024, 2, 5)),
        ({"zone": "Asia/Jakarta"}, date(2024, 2, 6), date(2024, 2, 6)),
        ({"start_date": "2024-02-01"}, date(2024, 2, 1), date(2024, 2, 5)),
        ({"end_date": "2024-01-31"}, date(2024, 1, 31), date(2024, 1, 31)),
        ({"start_date": "", "end_date": ""}, date(2024, 2, 5), date(2024, 2, 5)),
        ({"start_date": "2022-01-01"}, date(2022, 1, 1), date(2023, 1, 1)),
        ({"start_date": "9999-12-31"}, date(9999, 12, 31), date(2024, 2, 5)),
        (
            {"start_date": "2023-02-06", "end_date": "2024-02-06"},
            date(2023, 2, 6),
            date(2024, 2, 6),
        ),
    ],
)
def test_the_days_of_a_summary(query: dict[str, str], first: date, last: date) -> None:
    asked = Summary(**query).asking(NOW)
    assert (asked.first_day, asked.last_day) == (first, last)


def test_a_summary_of_too_many_days_is_refused() -> None:
    summary = Summary.model_validate({"start_date": "2023-02-06", "end_date": "2024-02-07"})
    with pytest.raises(MusterError) as refused:
        summary.asking(NOW)
    assert [each.field for each in refused.value.problem.fields] == ["end_date"]


@pytest.mark.parametrize(
    ("shape", "sent", "field"),
    [
        (Pages, {"page": "1_0"}, "page"),
        (Pages, {"page": "+1"}, "page"),
        (Pages, {"page": " 1"}, "page"),
        (Pages, {"page": "\u0663"}, "page"),
        (Pages, {"page": ""}, "page"),
        (UsersOfDevice, {"live": "1"}, "live"),
        (NewUser, {**PERSON, "privilege": False}, "privilege"),
        (NewUser, {**PERSON, "privilege": "6"}, "privilege"),
        (NewUser, {**PERSON, "password": "\u0661\u0662"}, "password"),
        (NewUser, {**PERSON, "user_id": True}, "user_id"),
        (NewDevice, {**DOOR, "password": "\u0661\u0662"}, "password"),
        (NewDevice, {**DOOR, "password": None}, "password"),
        (NewDevice, {**DOOR, "name": "\u00a0"}, "name"),
        (NewDevice, {"name": "Door"}, "ip"),
        (NewDevice, {"name": "Door", "dialect": "timmy"}, "serial_number"),
        (NewDevice, {**DOOR, "dialect": "timmy", "serial_number": " "}, "serial_number"),
    ],
)
def test_what_only_looks_right_is_refused(
    shape: type[BaseModel], sent: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        shape.model_validate(sent)
    assert {each["loc"][0] for each in refused.value.errors()} == {field}


@pytest.mark.parametrize(
    ("sent", "key"), [("", 0), (" 42 ", 42), ("007", 7), (2**32 - 1, 2**32 - 1)]
)
def test_a_comm_key_is_text_or_a_number(sent: object, key: int) -> None:
    assert NewDevice.model_validate({**DOOR, "password": sent}).comm_key == key


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        ({"password": "0042"}, {"comm_key": 42}),
        ({"password": 7, "name": None}, {"comm_key": 7}),
        (
            {"driver": "pyzk", "transport": "udp", "encoding": "windows-1256"},
            {"driver": "pyzk", "transport": "udp", "encoding": "cp1256"},
        ),
        ({"port": 4371}, {"port": 4371}),
        ({}, {}),
    ],
)
def test_a_partial_change_of_a_device_names_what_was_sent(
    sent: dict[str, Any], wanted: dict[str, Any]
) -> None:
    change = DeviceChange.model_validate(sent).asking(1)
    assert change.model_dump(exclude_none=True) == {"device_id": 1, **wanted}


def test_a_device_written_anew_keeps_its_password_and_zone() -> None:
    # A password is never shown: who writes back what they read must not lose it.
    change = WholeDevice.model_validate(DOOR).asking(1).model_dump()
    assert (change.pop("comm_key"), change.pop("zone")) == (None, None)
    assert all(value is not None for value in change.values())
    assert (change["port"], change["driver"], change["log_layout"]) == (4370, "native", "auto")


def test_a_device_that_dials_in_needs_no_ip() -> None:
    sent = {"name": "Door", "dialect": "timmy", "serial_number": "ZXRE06022863", "family": "b"}
    asked = NewDevice.model_validate(sent).asking()
    assert (asked.dialect, asked.ip, asked.family) == ("timmy", "", "b")
    for shape in (WholeDevice, DeviceChange):
        assert shape.model_validate({"name": "Door", "ip": ""}).asking(1).ip is None


@pytest.mark.parametrize(
    ("shape", "sent", "wanted"),
    [
        (
            WholeUser,
            {"name": "New"},
            {"name": "New", "privilege": "user", "disabled": False, "card": 0, "group": 1},
        ),
        (UserChange, {"card": 7}, {"card": 7}),
        (UserChange, {"name": None, "disabled": True}, {"disabled": True}),
        (UserChange, {}, {}),
    ],
)
def test_whole_and_partial_changes_of_a_person(
    shape: type[WholeUser | UserChange], sent: dict[str, Any], wanted: dict[str, Any]
) -> None:
    asked = shape.model_validate(sent).asking("42").model_dump(exclude_none=True)
    assert asked == {"kind": "put_user", "user_id": "42", "create": False, **wanted}


@pytest.mark.parametrize(
    ("number", "word"), [(0, "user"), (2, "enroller"), (6, "manager"), (14, "admin")]
)
def test_a_privilege_may_be_the_devices_number(number: int, word: str) -> None:
    asked = NewUser.model_validate({**PERSON, "user_id": 42, "privilege": number}).asking()
    assert (asked.privilege, asked.user_id) == (word, "42")


def test_a_page_may_be_written_as_a_whole_decimal() -> None:
    assert Pages.model_validate({"page": "3.0"}).page == 3


def test_no_secret_is_in_a_text_form() -> None:
    person = NewUser.model_validate({**PERSON, "password": "12345678"})
    assert "12345678" not in f"{person!r} {person.asking()!r} {person.asking().model_dump_json()}"
    device = NewDevice.model_validate({**DOOR, "password": "987654"})
    assert "987654" not in repr(device)
