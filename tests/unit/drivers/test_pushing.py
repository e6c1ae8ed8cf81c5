"""A person brought to a device with everything, and nobody in the way."""

from __future__ import annotations

import pytest
from pydantic import SecretBytes

from services.devices.drivers.zk.messages import USER_72, Command
from services.devices.drivers.zk.protocol import reading
from shared.contracts.actions import Pushed, PushUser
from shared.contracts.errors import Code
from shared.contracts.readings import Person, Template
from tests.unit.drivers.doing import ANN, NED, done, failure
from tests.unit.drivers.made import user_72
from tests.unit.drivers.terminal import OK, Terminal, result_of, terms

PERSON = Person(user_id="12", name="Ann", privilege="manager", disabled=True, card=77, group=3)


def template(finger: int, data: bytes, algorithm: str = "zk") -> Template:
    algorithm = algorithm if finger < 10 else ""
    return Template(user_id="12", finger=finger, algorithm=algorithm, data=SecretBytes(data))


ALL = (template(1, b"one"), template(9, b"nine"), template(10, b"0042"), template(11, b"77"))
PUSH = PushUser(user_id="12", person=PERSON, templates=ALL)


def test_a_person_is_there_with_everything() -> None:
    terminal = Terminal(users=NED)
    assert done(PUSH, terminal) == Pushed(user_id="12", slots=(1, 9, 10, 11))
    user = USER_72.unpack(terminal.users[72:])
    assert user[2].rstrip(b"\0") == b"0042"
    assert (user[1], user[4], user[5]) == (6 | 1, 77, 3)
    found, (person,) = result_of(reading.templates(terms(), "12"), terminal)
    assert [(t.finger, t.data) for t in found] == [(t.finger, t.data) for t in ALL]
    assert (person.name, person.privilege, person.disabled) == ("Ann", "manager", True)


def test_what_was_read_from_one_device_is_what_another_gets() -> None:
    users = user_72(9, "12", "Ann", password=b"0042", card=77, group=3)
    source = Terminal(users=users, prints={(9, 4): b"print"})
    found, (entry,) = result_of(reading.templates(terms(), "12"), source)
    target = Terminal(users=NED)
    person = Person(**{name: getattr(entry, name) for name in Person.model_fields})
    done(PushUser(user_id="12", person=person, templates=found), target)
    assert result_of(reading.templates(terms(), "12"), target).templates == found


def test_who_is_there_already_is_written_over() -> None:
    terminal = Terminal(users=ANN)
    done(PUSH, terminal)
    assert len(terminal.users) == 72
    assert Command.DELETE_USER not in terminal.commands()


def test_somebody_else_is_in_the_way() -> None:
    other = user_72(5, "12", "Zoe")
    terminal = Terminal(users=other, prints={(5, 0): b"of Zoe"})
    assert failure(PUSH, terminal) == Code.USER_TAKEN
    assert terminal.users == other
    done(PUSH.model_copy(update={"overwrite": True}), terminal)
    assert Command.DELETE_USER in terminal.commands(), "or Zoe's finger would open as Ann"


def test_a_name_that_is_cut_is_no_other_name() -> None:
    name = "Annabelle-Maria of the Long Corridor"
    long = PERSON.model_copy(update={"name": name})
    terminal = Terminal(users=user_72(5, "12", name[:23]))
    assert done(PUSH.model_copy(update={"person": long}), terminal)


@pytest.mark.parametrize(
    "alien",
    [
        template(1, b"x", "thbio3.0"),
        template(1, b"x", ""),
        template(20, b"face"),
        template(50, b"photo"),
        template(10, b"no digits"),
        template(11, b"99999999999"),
    ],
)
def test_what_is_of_no_use_here_is_refused_before_anything_is_written(alien: Template) -> None:
    terminal = Terminal(users=NED)
    push = PUSH.model_copy(update={"templates": (alien,)})
    assert failure(push, terminal) in {Code.INCOMPATIBLE, Code.VALIDATION_ERROR}
    assert terminal.users == NED


def test_a_person_of_whom_nothing_is_kept_is_not_pushed() -> None:
    assert failure(PushUser(user_id="12"), Terminal()) == Code.NOT_FOUND


def test_a_finger_that_was_taken_and_is_not_there_is_a_failure() -> None:
    terminal = Terminal(users=NED, faults={Command.TEMPLATE_WRITE: [OK, OK]})
    assert failure(PUSH, terminal) == Code.DEVICE_ERROR
