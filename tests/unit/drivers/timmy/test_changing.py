"""People put on a terminal and taken off it, and what became of it seen."""

from __future__ import annotations

import pytest

from services.devices.drivers.timmy.codec.templates import shrunk
from shared.contracts.actions import DeleteUser, Done, PutUser, UserDone
from shared.contracts.errors import Code
from shared.contracts.readings import Privilege
from tests.unit.drivers.timmy.made import INFO_A, PHOTO, thbio3
from tests.unit.drivers.timmy.terminal import (
    BUSY,
    NO_COMMAND,
    REFUSED,
    Body,
    Held,
    Terminal,
    done,
    failure,
    terms,
)

FINGER = shrunk(thbio3())
A = terms(family="a", info=INFO_A)


def ali(**fields: object) -> Terminal:
    held = Held("Ali", 0, True, {50: PHOTO, 0: FINGER})
    for name, value in fields.items():
        setattr(held, name, value)
    return Terminal({17: held})


def test_a_person_is_added() -> None:
    terminal = Terminal()
    wanted = PutUser(user_id="17", create=True, name="Ali", privilege="admin")
    assert done(wanted, terminal) == UserDone(
        user_id="17",
        name="Ali",
        privilege="admin",
        disabled=False,
        card=None,
        group=None,
        has_password=False,
    )
    assert terminal.people[17] == Held("Ali", 1)


def test_a_person_is_added_where_only_names_can_be_written() -> None:
    terminal = Terminal(profiles=False)
    assert done(PutUser(user_id="17", create=True, name="Ali"), terminal, A)
    assert "setuserinfo" not in terminal.names()
    assert terminal.people[17].name == "Ali"


def test_a_person_is_added_with_card_and_password() -> None:
    terminal = Terminal(profiles=False)
    wanted = PutUser.model_validate(
        {"user_id": "17", "create": True, "name": "Ali", "privilege": "admin", "card": 77}
        | {"password": "1234", "disabled": True}
    )
    result = done(wanted, terminal, A)
    assert isinstance(result, UserDone)
    assert (result.card, result.has_password, result.disabled) == (77, True, True)
    assert terminal.people[17] == Held("Ali", 1, False, {10: 1234, 11: 77})


@pytest.mark.parametrize("profiles", [True, False])
def test_who_is_there_is_not_added(profiles: bool) -> None:
    terminal = ali()
    terminal.profiles = profiles
    assert failure(PutUser(user_id="17", create=True, name="Eve"), terminal) == Code.USER_TAKEN
    assert terminal.people[17].name == "Ali"


def test_who_is_not_there_is_not_changed() -> None:
    assert failure(PutUser(user_id="18", create=False, name="Eve"), ali()) == Code.NOT_FOUND


def test_a_change_leaves_the_rest() -> None:
    terminal = ali()
    done(PutUser(user_id="0017", create=False, name="Ali B."), terminal)
    assert terminal.people[17] == Held("Ali B.", 0, True, {50: PHOTO, 0: FINGER})


@pytest.mark.parametrize("profiles", [True, False])
def test_rights_are_written_with_something_that_is_there(profiles: bool) -> None:
    terminal = ali()
    terminal.profiles = profiles
    on = terms() if profiles else A
    done(PutUser(user_id="17", create=False, privilege="enroller"), terminal, on)
    assert terminal.people[17] == Held("Ali", 2, True, {50: PHOTO, 0: FINGER})


def test_password_and_card_are_taken_away() -> None:
    terminal = ali(records={10: 1234, 11: 77})
    wanted = PutUser.model_validate(
        {"user_id": "17", "create": False, "password": "", "card": 0, "disabled": True}
    )
    result = done(wanted, terminal)
    assert isinstance(result, UserDone)
    assert (result.card, result.has_password, result.disabled) == (None, False, True)
    assert terminal.people[17] == Held("Ali", 0, False)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"privilege": "manager"}, Code.NOT_SUPPORTED),
        ({"group": 3}, Code.NOT_SUPPORTED),
        ({"password": "0042"}, Code.NOT_SUPPORTED),
        ({"password": "abc"}, Code.VALIDATION_ERROR),
        ({"user_id": "AB1"}, Code.NOT_SUPPORTED),
        ({"user_id": "0"}, Code.NOT_SUPPORTED),
        ({"user_id": "99999999"}, Code.NOT_SUPPORTED),
        ({"user_id": "1000000000000"}, Code.NOT_SUPPORTED),
    ],
)
def test_what_these_terminals_do_not_have_is_not_tried(fields: Body, code: Code) -> None:
    terminal = Terminal()
    wanted = PutUser.model_validate({"user_id": "17", "create": True, "name": "Ali"} | fields)
    assert failure(wanted, terminal) == code
    assert terminal.asked == []


def test_rights_of_a_person_with_nothing_are_refused_before_anything_is_written() -> None:
    rights: Privilege = "admin"
    wanted = PutUser(user_id="17", create=True, name="Ali", privilege=rights)
    terminal = Terminal(profiles=False)
    assert failure(wanted, terminal, A) == Code.NOT_SUPPORTED
    assert terminal.asked == []


@pytest.mark.parametrize("reply", [{}, REFUSED])
def test_a_person_who_was_taken_and_is_not_there_is_a_failure(reply: Body) -> None:
    terminal = Terminal(faults={"setuserinfo": [reply]})
    assert failure(PutUser(user_id="17", create=True, name="Ali"), terminal) == Code.DEVICE_ERROR


def test_other_values_than_were_written_are_a_failure() -> None:
    terminal = ali(records={11: 77})
    terminal.faults = {"setuserinfo": [{}]}
    assert failure(PutUser(user_id="17", create=False, card=78), terminal) == Code.DEVICE_ERROR


def test_a_name_that_was_cut_is_told() -> None:
    terminal = ali(name="Ali Reza")
    terminal.faults = {"setusername": [{}]}
    result = done(PutUser(user_id="17", create=False, name="Ali Reza of Bandung"), terminal)
    assert isinstance(result, UserDone)
    assert result.name_cut


# ── deleting ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", [13, 12, 0])
@pytest.mark.parametrize("profiles", [True, False])
def test_a_person_is_gone_whatever_the_firmware_means(code: int, profiles: bool) -> None:
    terminal = ali()
    terminal.deletes, terminal.profiles = code, profiles
    assert done(DeleteUser(user_id="17"), terminal, terms() if profiles else A) == Done()
    assert 17 not in terminal.people or not (profiles or terminal.people[17].records)


@pytest.mark.parametrize("profiles", [True, False])
def test_who_was_not_there_is_not_found(profiles: bool) -> None:
    terminal = Terminal(profiles=profiles)
    assert failure(DeleteUser(user_id="17"), terminal) == Code.NOT_FOUND


def test_a_finger_that_stays_is_a_person_who_is_not_gone() -> None:
    held = Held("", 0, True, {7: FINGER})
    terminal = Terminal({17: held}, profiles=False, deletes=99)
    assert failure(DeleteUser(user_id="17"), terminal, A) == Code.DEVICE_ERROR


@pytest.mark.parametrize(
    ("reply", "code"), [(BUSY, Code.DEVICE_BUSY), (NO_COMMAND, Code.NOT_SUPPORTED)]
)
def test_a_terminal_that_does_not_delete_says_so(reply: Body, code: Code) -> None:
    terminal = ali()
    terminal.faults = {"deleteuser": [reply]}
    assert failure(DeleteUser(user_id="17"), terminal) == code
    assert 17 in terminal.people


def test_a_terminal_that_is_too_busy_to_look_has_not_lost_the_person() -> None:
    terminal = ali()
    terminal.faults = {"deleteuser": [{}], "getuserinfo": [BUSY]}
    terminal.profiles = False
    assert failure(DeleteUser(user_id="17"), terminal) in {Code.DEVICE_BUSY, Code.DEVICE_ERROR}
