"""People and templates, read whole."""

from __future__ import annotations

import pytest

from services.devices.drivers.base import DecodeError, DeviceError
from services.devices.drivers.zk.messages import Command, ReplyCode
from services.devices.drivers.zk.protocol import reading
from services.devices.drivers.zk.protocol.procedure import Reply
from shared.contracts.errors import Code
from tests.unit.drivers.made import user_72
from tests.unit.drivers.terminal import (
    NO,
    OK,
    Answer,
    Terminal,
    play,
    result_of,
    sizes_body,
    terms,
)


def test_people() -> None:
    terminal = Terminal(users=user_72(1, "4711", "Ned", card=5, flags=14) + user_72(9, "12", "Ann"))
    first, second = result_of(reading.people(terms()), terminal)
    assert (first.uid, first.user_id, first.name, first.privilege) == (1, "4711", "Ned", "admin")
    assert (second.uid, second.user_id, second.name) == (9, "12", "Ann")


def test_names_are_read_in_the_code_page_of_the_device() -> None:
    user = user_72(1, "1")[:11] + "Ирина".encode("cp1251").ljust(24, b"\0") + user_72(1, "1")[35:]
    (person,) = result_of(reading.people(terms(encoding="cp1251")), Terminal(users=user))
    assert person.name == "Ирина"


def test_nobody_is_an_empty_list() -> None:
    assert result_of(reading.people(terms()), Terminal()) == ()


@pytest.mark.parametrize(("before", "after"), [(3, 3), (1, 1)])
def test_a_list_of_people_that_is_not_whole_is_incomplete(before: int, after: int) -> None:
    users = user_72(1, "4711", "Ned") + user_72(9, "12", "Ann")
    faults: list[Answer] = [OK._replace(data=sizes_body(users=each)) for each in (before, after)]
    with pytest.raises(DeviceError) as error:
        result_of(reading.people(terms()), Terminal(users=users, faults={Command.SIZES: faults}))
    assert error.value.code == Code.PULL_INCOMPLETE


def test_people_of_an_unknown_form_are_refused() -> None:
    untold: list[Answer] = [OK._replace(data=bytes(4))] * 2
    terminal = Terminal(users=bytes(80), faults={Command.SIZES: untold})
    with pytest.raises(DecodeError):
        result_of(reading.people(terms()), terminal)


def entry(uid: int, finger: int, data: bytes, flag: int = 1) -> bytes:
    return (
        (len(data) + 6).to_bytes(2, "little")
        + uid.to_bytes(2, "little")
        + bytes([finger, flag])
        + data
    )


def test_templates_of_everybody() -> None:
    terminal = Terminal(
        users=user_72(1, "4711", "Ned") + user_72(9, "12", "Ann"),
        templates=entry(9, 3, b"one", flag=3) + entry(1, 0, b"two") + entry(5, 0, b"nobody's"),
    )
    found, people = result_of(reading.templates(terms(), None), terminal)
    assert [(each.user_id, each.finger, each.flag) for each in found] == [
        ("12", 3, 3),
        ("4711", 0, 1),
    ]
    assert [each.data.get_secret_value() for each in found] == [b"one", b"two"]
    assert [(each.name, each.credentials) for each in people] == [("Ned", (0,)), ("Ann", (3,))]


def test_templates_that_do_not_fit_together_are_refused() -> None:
    terminal = Terminal(templates=entry(1, 0, b"two")[:-1])
    with pytest.raises(DecodeError):
        result_of(reading.templates(terms(), None), terminal)


def test_templates_of_one_person() -> None:
    terminal = Terminal(
        users=user_72(9, "12", "Ann"), prints={(9, 0): b"left", (9, 9): b"right", (8, 1): b"other"}
    )
    (found, (person,)), played = play(reading.templates(terms(), "12"), terminal)
    assert [(each.finger, each.algorithm, each.data.get_secret_value()) for each in found] == [
        (0, "zk", b"left"),
        (9, "zk", b"right"),
    ]
    assert (person.user_id, person.name, person.credentials) == ("12", "Ann", (0, 9))
    assert (played.told[-1].total, played.told[-1].done) == (10, 10)


def test_password_and_card_of_one_person_come_along() -> None:
    users = user_72(9, "12", "Ann", password=b"0042", card=7_654_321)
    found, (person,) = result_of(reading.templates(terms(), "12"), Terminal(users=users))
    assert [(each.finger, each.algorithm, each.data.get_secret_value()) for each in found] == [
        (10, "", b"0042"),
        (11, "", b"7654321"),
    ]
    assert person.credentials == (10, 11)
    assert "0042" not in repr(found)


def test_templates_of_one_person_on_a_device_that_knows_only_the_old_command() -> None:
    unknown: list[Answer] = [Reply(0xFFFF, 0)] * 10
    old: list[Answer] = [Reply(ReplyCode.DATA, 0, b"old\0"), *[NO] * 9]
    terminal = Terminal(users=user_72(9, "12", "Ann"))
    terminal.faults = {Command.TEMPLATE_READ: unknown, Command.USERS: old}
    (found,) = result_of(reading.templates(terms(), "12"), terminal).templates
    assert found.data.get_secret_value() == b"old"


def test_templates_of_a_person_who_is_not_there() -> None:
    with pytest.raises(DeviceError) as error:
        result_of(reading.templates(terms(), "12"), Terminal())
    assert error.value.code == Code.NOT_FOUND
