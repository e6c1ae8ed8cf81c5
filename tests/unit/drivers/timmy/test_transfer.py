"""What one terminal knows people by, read, brought to another, and read back."""

from __future__ import annotations

import pytest

from services.devices.drivers.base import DecodeError
from services.devices.drivers.timmy.codec.templates import shrunk
from services.devices.drivers.timmy.protocol import templates
from services.devices.drivers.timmy.protocol.actions import procedure_for
from services.devices.drivers.timmy.protocol.templates import Templates
from services.devices.drivers.timmy.protocol.terms import Terms
from shared.contracts.actions import Count, Pushed, PushUser, WriteTemplates
from shared.contracts.errors import Code
from shared.contracts.operations import Progress
from shared.contracts.readings import Person, Template
from tests.unit.drivers.timmy.made import INFO_B, PHOTO, template, thbio3
from tests.unit.drivers.timmy.terminal import (
    BUSY,
    NO_COMMAND,
    Body,
    Held,
    Terminal,
    done,
    failure,
    failure_of,
    play,
    result_of,
    terms,
)

INFO = {**INFO_B, "fpsize": 3000, "palmsize": 10, "useduser": 1}
FULL = terms(info=INFO)
RECORDS: dict[int, str | int] = {
    50: PHOTO,
    5: shrunk(thbio3(5)),
    10: 1234,
    11: 77,
    20: "a face",
    31: "a palm",
}
ALI = Person(user_id="17", name="Ali", privilege="enroller", disabled=True)


def ali() -> Terminal:
    return Terminal({17: Held("Ali", 2, False, dict(RECORDS)), 18: Held("Eve", 0, True, {11: 5})})


def of(terminal: Terminal, user_id: str | None, on: Terms = FULL) -> Templates:
    return result_of(templates.of(on, user_id), terminal)


def push(*found: Template, **fields: object) -> PushUser:
    return PushUser.model_validate({"user_id": "17", "person": ALI, "templates": found, **fields})


@pytest.mark.parametrize("useduser", [2, 5000, None])
def test_all_of_one_person(useduser: int | None) -> None:
    """With the list or without: more people than it pays to read are not listed."""
    terminal = ali()
    found, (person,) = of(terminal, "17", terms(info={**INFO, "useduser": useduser}))
    assert {each.finger for each in found} == set(RECORDS)
    assert (person.user_id, person.name, person.privilege) == ("17", "Ali", "enroller")
    assert (person.disabled, person.card, person.has_password) == (True, 77, True)
    assert person.credentials == tuple(sorted(RECORDS))
    assert ("getuserlist" in terminal.names()) == (useduser == 2)


def test_all_of_one_person_where_the_list_is_of_no_use() -> None:
    empty: Body = {"count": 0, "record": []}
    terminal = ali()
    terminal.faults = {"getuserlist": [empty]}
    found, _ = of(terminal, "17")
    assert {each.finger for each in found} == set(RECORDS)


def test_all_of_everybody() -> None:
    (found, people), played = play(templates.of(FULL, None), ali())
    assert [each.user_id for each in people] == ["17", "18"]
    assert len(found) == len(RECORDS) + 1
    assert played.told[-1] == Progress(total=7, done=7)


def test_a_person_with_nothing_is_still_a_person() -> None:
    found, (person,) = of(Terminal({17: Held("Ali")}), "17")
    assert (found, person.name, person.credentials) == ((), "Ali", ())


def test_nobody_has_nothing() -> None:
    assert failure_of(templates.of(FULL, "19"), ali()).code == Code.NOT_FOUND


def test_a_slot_of_no_known_form_is_not_left_out() -> None:
    with pytest.raises(DecodeError):
        of(Terminal({17: Held("Ali", 0, True, {3: "no hex"})}), "17")


def test_a_slot_that_is_refused_is_not_left_out() -> None:
    terminal = ali()
    terminal.faults = {"getuserinfo": [{"name": "Ali"}, BUSY]}
    assert failure_of(templates.of(FULL, "17"), terminal).code == Code.DEVICE_BUSY


# ── pushing ──────────────────────────────────────────────────────────────────


def test_what_was_read_from_one_is_what_another_has() -> None:
    source, target = ali(), Terminal()
    found, _ = of(source, "17")
    result, played = play(procedure_for(push(*found), FULL), target)
    assert result == Pushed(user_id="17", slots=tuple(each.finger for each in found))
    assert target.people[17] == source.people[17]
    assert played.told[-1] == Progress(total=6, done=6)
    assert of(target, "17") == of(source, "17")


def test_a_person_without_anything_is_pushed() -> None:
    target = Terminal()
    assert done(push(), target, FULL) == Pushed(user_id="17", slots=())
    assert target.people[17] == Held("Ali", 2, enabled=False)


def test_somebody_else_is_in_the_way() -> None:
    target = Terminal({17: Held("Zoe", 0, True, {11: 99})})
    assert failure(push(template(10, b"1234")), target, FULL) == Code.USER_TAKEN
    assert target.people[17] == Held("Zoe", 0, True, {11: 99})
    done(push(template(10, b"1234"), overwrite=True), target, FULL)
    assert target.people[17] == Held("Ali", 2, False, {10: 1234}), "Zoe's card would open as Ali"


@pytest.mark.parametrize("name", ["Ali", ""])
def test_who_is_there_already_keeps_what_is_not_pushed(name: str) -> None:
    target = Terminal({17: Held(name, 0, True, {11: 99})})
    done(push(template(10, b"1234")), target, FULL)
    assert target.people[17].records == {10: 1234, 11: 99}


@pytest.mark.parametrize(
    "alien",
    [
        template(0, thbio3(), "thbio1.0"),
        template(0, thbio3(), "zk"),
        template(0, thbio3(), ""),
        template(20, b"face", "thbio1.0"),
        template(0, thbio3()[:-1]),
        template(0, thbio3()[:-1] + b"\x00\x00"),
        template(40, b"vein"),
        template(10, b"secret"),
    ],
)
def test_what_is_of_no_use_here_is_refused(alien: Template) -> None:
    target = Terminal()
    assert failure(push(alien), target, FULL) == Code.INCOMPATIBLE
    assert target.people == {}


@pytest.mark.parametrize(
    ("slot", "without"),
    [(0, {"fpsize": 0}), (50, {"facesize": 0}), (20, {"facesize": 0}), (30, {"palmsize": 0})],
)
def test_where_there_is_no_room_nothing_is_written(slot: int, without: Body) -> None:
    target = Terminal()
    one = template(slot, thbio3())
    assert failure(push(one), target, terms(info=INFO | without)) == Code.INCOMPATIBLE
    assert target.asked == []


def test_a_terminal_that_does_not_tell_its_algorithm_gets_no_fingers() -> None:
    silent = terms(info={"facesize": 10})
    assert failure(push(template(0, thbio3())), Terminal(), silent) == Code.INCOMPATIBLE
    assert done(push(template(10, b"1")), Terminal(), silent)


def test_rights_that_these_terminals_lack_are_refused_before_anybody_is_deleted() -> None:
    target = Terminal({17: Held("Zoe")})
    manager = ALI.model_copy(update={"privilege": "manager"})
    assert failure(push(person=manager, overwrite=True), target, FULL) == Code.NOT_SUPPORTED
    assert target.people == {17: Held("Zoe")}


@pytest.mark.parametrize("slot", [0, 10, 11, 20, 50])
def test_what_was_taken_and_is_not_there_is_a_failure(slot: int) -> None:
    data = thbio3() if slot == 0 else b"1234"
    target = Terminal(faults={"setuserinfo": [{}]})
    assert failure(push(template(slot, data)), target, FULL) == Code.DEVICE_ERROR


@pytest.mark.parametrize("slot", [0, 10, 11, 20])
def test_what_is_there_and_is_another_is_a_failure(slot: int) -> None:
    held: dict[int, str | int] = {0: shrunk(thbio3(9)), 10: 9, 11: 9, 20: "other"}
    data = thbio3() if slot == 0 else b"1234"
    target = Terminal({17: Held("Ali", 2, True, held)}, faults={"setuserinfo": [{}]})
    assert failure(push(template(slot, data)), target, FULL) == Code.DEVICE_ERROR


def test_a_photo_that_the_terminal_made_smaller_is_there() -> None:
    target = Terminal({17: Held("Ali", 2, True, {50: PHOTO})}, faults={"setuserinfo": [{}]})
    assert done(push(template(50, b"\xff\xd8\xff larger")), target, FULL)


@pytest.mark.parametrize(
    ("reason", "said"), [(5, "no face"), (7, "too large"), (12, "of another person"), (99, "99")]
)
def test_a_photo_that_is_refused_says_why(reason: int, said: str) -> None:
    target = Terminal(faults={"setuserinfo": [{"result": False, "reason": reason}]})
    error = failure_of(procedure_for(push(template(50, b"\xff\xd8\xff")), FULL), target)
    assert error.code == Code.DEVICE_ERROR
    assert said in error.details
    assert error.said is not None
    assert error.said["reason"] == reason


def test_a_firmware_that_takes_nobody_says_so() -> None:
    target = Terminal(faults={"setuserinfo": [NO_COMMAND]})
    assert failure(push(template(10, b"1")), target, FULL) == Code.NOT_SUPPORTED


def test_a_person_of_whom_nothing_is_kept_is_not_pushed() -> None:
    assert failure(push(person=None), Terminal(), FULL) == Code.NOT_FOUND


# ── writing to who is there ──────────────────────────────────────────────────


def test_templates_are_written_to_who_is_there() -> None:
    terminal = Terminal({17: Held("Ali", 1)})
    wanted = WriteTemplates(user_id="17", templates=(template(3, thbio3()),))
    assert done(wanted, terminal, FULL) == Count(count=1)
    assert terminal.people[17] == Held("Ali", 1, True, {3: shrunk(thbio3())})
    assert failure(wanted, Terminal(), FULL) == Code.NOT_FOUND
