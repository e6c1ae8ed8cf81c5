"""People on a device: added, changed, deleted, and never one over another."""

from __future__ import annotations

from typing import Any

import pytest

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.messages import (
    USER_28,
    Command,
)
from services.devices.drivers.zk.protocol.procedure import Ask, Reply
from shared.contracts import actions
from shared.contracts.actions import PutUser, UserDone
from shared.contracts.errors import Code
from tests.unit.drivers.doing import ANN, NED, done, failure
from tests.unit.drivers.made import user_28, user_72
from tests.unit.drivers.terminal import (
    NO,
    OK,
    SILENCE,
    Answer,
    Terminal,
    sizes_body,
    terms,
)

DIGITS = "1234"


def put(user_id: str = "4711", *, create: bool = False, **fields: Any) -> PutUser:
    return PutUser.model_validate({"user_id": user_id, "create": create, **fields})


def test_a_new_person_gets_a_free_slot_and_nobody_moves() -> None:
    terminal = Terminal(users=NED + ANN)
    result = done(put("77", create=True, name="Bob", group=2, password=DIGITS), terminal)
    assert result == UserDone(
        user_id="77",
        name="Bob",
        privilege="user",
        disabled=False,
        card=None,
        group=2,
        has_password=True,
    )
    assert terminal.users[: 2 * 72] == NED + ANN
    assert terminal.users[2 * 72 :][:2] == b"\2\0"
    assert Command.REFRESH_DATA in terminal.commands()


def test_a_change_keeps_what_was_not_asked_for_byte_for_byte() -> None:
    terminal = Terminal(users=NED + ANN)
    result = done(put(privilege="admin", disabled=True), terminal)
    assert isinstance(result, UserDone)
    assert (result.name, result.privilege, result.disabled, result.card) == (
        "Ned",
        "admin",
        True,
        5,
    )
    changed = user_72(1, "4711", "Ned", password=b"99", card=5, flags=15)
    assert sorted([terminal.users[:72], terminal.users[72:]]) == sorted([ANN, changed])


def test_an_empty_password_takes_it_away_and_card_0_too() -> None:
    result = done(put(password="", card=0), Terminal(users=NED))
    assert isinstance(result, UserDone)
    assert (result.has_password, result.card) == (False, None)


def test_a_name_that_is_cut_is_told() -> None:
    result = done(put(name="Ю" * 20), Terminal(users=NED))
    assert isinstance(result, UserDone)
    assert (result.name, result.name_cut) == ("Ю" * 11, True)
    result = done(put(name="Ю" * 20), Terminal(users=NED), terms(encoding="cp1251"))
    assert isinstance(result, UserDone)
    assert (result.name, result.name_cut) == ("Ю" * 20, False)


@pytest.mark.parametrize("user_id", ["4711", "004711"])
def test_a_user_id_that_is_taken(user_id: str) -> None:
    terminal = Terminal(users=NED)
    assert failure(put(user_id, create=True), terminal) == Code.USER_TAKEN
    assert Command.USER_WRITE not in terminal.commands()


def test_a_person_who_is_not_there_is_not_changed() -> None:
    terminal = Terminal(users=NED)
    assert failure(put("8"), terminal) == Code.NOT_FOUND
    assert Command.USER_WRITE not in terminal.commands()


def test_no_free_slot() -> None:
    everybody = b"".join(user_72(uid, str(uid)) for uid in range(1, 65_536))
    terminal = Terminal(users=everybody)
    assert failure(put("99999", create=True), terminal) == Code.DEVICE_FULL
    assert Command.USER_WRITE not in terminal.commands()


@pytest.mark.parametrize(
    ("options", "user_id"),
    [({"~PIN2Width": "5"}, "123456"), ({"~IsABCPinEnable": "0"}, "AB1")],
)
def test_user_ids_that_the_device_s_options_rule_out(options: dict[str, str], user_id: str) -> None:
    terminal = Terminal(users=NED, options=options)
    assert failure(put(user_id, create=True), terminal) == Code.NOT_SUPPORTED
    assert Command.USER_WRITE not in terminal.commands()


@pytest.mark.parametrize(("option", "size"), [("0", 28), ("1", 72), (None, 72)])
def test_the_first_person_of_an_empty_device(option: str | None, size: int) -> None:
    terminal = Terminal(options={"~UserExtFmt": option} if option else {})
    written: list[bytes] = []

    def write(ask: Ask) -> Reply:
        written.append(ask.data)
        return OK

    terminal.faults = {Command.USER_WRITE: [write]}
    failure(put("5", create=True), terminal)  # it was not kept, and that is told
    assert [len(each) for each in written] == [size]


def narrow(*users: bytes) -> Terminal:
    """A terminal of 28-byte users that keeps nothing: its answers are given one by one."""
    sizes: list[Answer] = [OK._replace(data=sizes_body(users=len(users)))] * 4
    return Terminal(users=b"".join(users), faults={Command.SIZES: sizes})


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"user_id": "AB1", "create": True}, Code.NOT_SUPPORTED),
        ({"user_id": "4294967296", "create": True}, Code.NOT_SUPPORTED),
        ({"user_id": "5", "create": True, "password": "123456"}, Code.NOT_SUPPORTED),
        ({"user_id": "7", "create": False, "password": "12a"}, Code.VALIDATION_ERROR),
    ],
)
def test_what_a_narrow_form_cannot_hold(fields: dict[str, Any], code: Code) -> None:
    terminal = narrow(user_28(1, 7, "Ned"), user_28(2, 8, "Ann"))
    assert failure(PutUser.model_validate(fields), terminal) == code
    assert Command.USER_WRITE not in terminal.commands()


def test_a_narrow_user_is_written_narrow() -> None:
    terminal = narrow(user_28(1, 7, "Ned"), user_28(2, 8, "Ann"))
    failure(put("7", name="Bartholomew"), terminal)
    (record,) = (ask.data for ask in terminal.asked if ask.command == Command.USER_WRITE)
    assert record == user_28(1, 7, "Bartholo")
    assert len(record) == USER_28.size


@pytest.mark.parametrize("answer", [NO, Reply(4995, 0), Reply(4990, 0), SILENCE])
def test_a_refused_write_is_a_failure(answer: Answer) -> None:
    terminal = Terminal(users=NED, faults={Command.USER_WRITE: [answer]})
    code = failure(put(name="Bob"), terminal)
    assert code in {Code.DEVICE_ERROR, Code.DEVICE_FULL, Code.DEVICE_NO_ANSWER}
    assert terminal.users == NED


def test_an_acknowledged_write_that_was_not_kept_is_a_failure() -> None:
    assert failure(put(name="Bob"), Terminal(users=NED, faults={Command.USER_WRITE: [OK]})) == (
        Code.DEVICE_ERROR
    )
    terminal = Terminal(users=NED, faults={Command.USER_WRITE: [OK]})
    assert failure(put("5", create=True), terminal) == Code.NOT_FOUND


def test_a_write_that_hit_another_person_s_slot_is_a_failure() -> None:
    terminal = Terminal(users=NED + ANN)

    def overwrite(ask: Ask) -> Reply:
        terminal.users = NED + user_72(3, "77", "Bob") + ask.data
        return OK

    terminal.faults = {Command.USER_WRITE: [overwrite]}
    with pytest.raises(DeviceError, match="Slot 3 was of user id 12") as error:
        done(put("77", create=True, name="Bob"), terminal)
    assert error.value.code == Code.DEVICE_ERROR


def test_nothing_is_asked_between_the_look_for_a_free_slot_and_the_writing() -> None:
    terminal = Terminal(users=NED + ANN, options={"~PIN2Width": "9"})
    done(put("77", create=True), terminal)
    order = terminal.commands()
    write = order.index(Command.USER_WRITE)
    assert order[write - 3 : write] == [Command.PREPARE_BUFFER, Command.FREE_DATA, Command.SIZES]


def test_a_person_who_came_during_the_look_is_not_written_over() -> None:
    terminal = Terminal(users=NED + ANN)

    def meanwhile(ask: Ask) -> Reply:
        terminal.users = NED + user_72(2, "88", "Eve") + ANN
        return terminal._honest(ask)

    terminal.faults = {Command.FREE_DATA: [meanwhile]}
    assert failure(put("77", create=True), terminal) == Code.PULL_INCOMPLETE
    assert user_72(2, "88", "Eve") in terminal.users


def test_deleting_takes_every_slot_of_the_person_and_no_other() -> None:
    twice = user_72(9, "4711", "Ned")
    terminal = Terminal(users=NED + ANN + twice)
    assert done(actions.DeleteUser(user_id="4711"), terminal) == actions.Done()
    assert terminal.users == ANN
    deleted = [ask.data for ask in terminal.asked if ask.command == Command.DELETE_USER]
    assert deleted == [b"\1\0", b"\x09\0"]


def test_deleting_nobody_is_told() -> None:
    assert failure(actions.DeleteUser(user_id="5"), Terminal(users=NED)) == Code.NOT_FOUND


def test_a_person_who_is_still_there_was_not_deleted() -> None:
    terminal = Terminal(users=NED, faults={Command.DELETE_USER: [OK]})
    assert failure(actions.DeleteUser(user_id="4711"), terminal) == Code.DEVICE_ERROR
