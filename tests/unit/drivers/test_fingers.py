"""Fingers: templates written and seen, and enrolments that end whatever happens."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretBytes

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.messages import (
    ENROLLED_SIZE,
    Command,
    Event,
)
from services.devices.drivers.zk.protocol.actions import procedure_for
from services.devices.drivers.zk.protocol.procedure import Heard, Reply
from shared.contracts import actions
from shared.contracts.errors import Code
from shared.contracts.operations import Progress
from shared.contracts.readings import Template
from tests.unit.drivers.doing import ANN, NED, done, failure
from tests.unit.drivers.made import user_72
from tests.unit.drivers.terminal import (
    NO,
    OK,
    SILENCE,
    Terminal,
    play,
    terms,
)


def template(finger: int, data: bytes) -> Template:
    return Template(user_id="4711", finger=finger, flag=1, data=SecretBytes(data))


def write(*templates: Template) -> actions.WriteTemplates:
    return actions.WriteTemplates(user_id="4711", templates=templates)


def test_templates_are_written_and_seen() -> None:
    terminal = Terminal(users=NED)
    action = write(template(0, b"x" * 2500), template(7, b"tail of NULs" + bytes(6)))
    result, played = play(procedure_for(action, terms()), terminal)
    assert result == actions.Count(count=2)
    assert terminal.prints == {(1, 0): b"x" * 2500, (1, 7): b"tail of NULs" + bytes(6)}
    assert played.told == [Progress(total=2, done=1), Progress(total=2, done=2)]
    sizes = [len(ask.data) for ask in terminal.asked if ask.command == Command.DATA]
    assert sizes == [1024, 1024, 452, 18]
    assert terminal.commands().count(Command.FREE_DATA) >= 2


def test_only_fingers_are_written() -> None:
    terminal = Terminal(users=NED)
    assert done(write(template(10, b"1234"), template(3, b"x"), template(50, b"y")), terminal) == (
        actions.Count(count=1)
    )
    assert terminal.prints == {(1, 3): b"x"}


def test_a_template_that_was_changed_on_its_way_is_a_failure() -> None:
    terminal = Terminal(users=NED, prints={(1, 0): b"other!"})
    terminal.faults = {Command.TEMPLATE_WRITE: [OK]}
    assert failure(write(template(0, b"secret")), terminal) == Code.DEVICE_ERROR


def test_templates_of_nobody_are_not_written() -> None:
    assert failure(write(template(0, b"x")), Terminal(users=ANN)) == Code.NOT_FOUND


@pytest.mark.parametrize("command", [Command.PREPARE_DATA, Command.DATA, Command.TEMPLATE_WRITE])
def test_a_refused_template_is_a_failure_and_the_buffer_is_freed(command: Command) -> None:
    terminal = Terminal(users=NED, faults={command: [NO]})
    assert failure(write(template(0, b"x")), terminal) == Code.DEVICE_ERROR
    assert terminal.commands()[-1] == Command.FREE_DATA


def test_a_template_that_was_acknowledged_and_is_not_there_is_a_failure() -> None:
    terminal = Terminal(users=NED, faults={Command.TEMPLATE_WRITE: [OK]})
    assert failure(write(template(0, b"secret")), terminal) == Code.DEVICE_ERROR


ENROLL = actions.Enroll(user_id="4711", finger=6)
FINGER, GOOD, BAD = Heard(Event.FINGER, b""), Heard(Event.SCORE, b"\x64"), Heard(Event.SCORE, b"\0")


def ended(result: int, size: int = 0) -> Heard:
    body = ENROLLED_SIZE.pack(result, size) + b"4711".ljust(9, b"\0") + b"\6"
    return Heard(Event.ENROLLED, body if not result else body[:2])


def test_an_enrolment() -> None:
    events = [FINGER, GOOD, FINGER, BAD, FINGER, GOOD, FINGER, GOOD, ended(0, 1204)]
    terminal = Terminal(users=NED, events=list(events))
    result, played = play(procedure_for(ENROLL, terms()), terminal)
    assert result == actions.Enrolled(user_id="4711", finger=6, size=1204)
    assert [each.done for each in played.told] == [1, 2, 3]
    assert all(each.total == 3 for each in played.told)
    sent = {ask.command: ask.data for ask in terminal.asked}
    assert sent[Command.START_ENROLL] == b"4711".ljust(24, b"\0") + bytes([6, 1])
    masks = [ask.data[0:2] for ask in terminal.asked if ask.command == Command.REGISTER]
    assert masks == [b"\x0b\1", b"\1\0"]
    assert terminal.commands()[-2:] == [Command.CANCEL_CAPTURE, Command.REGISTER]


def test_an_enrolment_whose_size_is_not_told_is_read() -> None:
    terminal = Terminal(users=NED, prints={(1, 6): b"12345"})
    terminal.events = [Heard(Event.ENROLLED, b"\0\0")]
    assert done(ENROLL, terminal) == actions.Enrolled(user_id="4711", finger=6, size=5)


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([FINGER, ended(4)], "result 4"),
        ([ended(6)], "result 6"),
        ([ended(5)], "enrolled already"),
        ([Heard(Event.ENROLLED, b"")], "result 0"),
        ([FINGER, SILENCE], "Nobody"),
        ([], "Nobody"),
        ([FINGER] * 100, "no end"),
    ],
)
def test_a_failed_enrolment_is_told_and_ended(events: list[Any], said: str) -> None:
    terminal = Terminal(users=NED, events=list(events))
    with pytest.raises(DeviceError, match=said) as error:
        done(ENROLL, terminal)
    assert error.value.code == Code.ENROLMENT_FAILED
    assert terminal.commands()[-2:] == [Command.CANCEL_CAPTURE, Command.REGISTER]
    assert terminal.asked[-1].data == b"\1\0\0\0"


@pytest.mark.parametrize("command", [Command.START_ENROLL, Command.START_VERIFY, Command.REGISTER])
def test_a_device_that_cannot_enrol_is_left_as_it_was(command: Command) -> None:
    terminal = Terminal(users=NED, faults={command: [Reply(0xFFFF, 0)]})
    assert failure(ENROLL, terminal) == Code.NOT_SUPPORTED
    assert terminal.commands()[-2:] == [Command.CANCEL_CAPTURE, Command.REGISTER]


def test_an_enrolment_that_is_stopped_is_ended() -> None:
    terminal = Terminal(users=NED, events=[DeviceError(Code.OPERATION_CANCELED, "stopped")])
    assert failure(ENROLL, terminal) == Code.OPERATION_CANCELED
    assert terminal.commands()[-2:] == [Command.CANCEL_CAPTURE, Command.REGISTER]


def test_who_is_not_there_is_added_with_the_name_that_is_given() -> None:
    terminal = Terminal(users=NED, events=[ended(0, 1204)])
    assert done(actions.Enroll(user_id="12", finger=6, name="Ann"), terminal)
    assert b"Ann" in terminal.users
    terminal = Terminal(users=NED, events=[ended(0, 1204)])
    assert done(actions.Enroll(user_id="4711", finger=6, name="Ann"), terminal)
    assert terminal.users == NED, "who is there keeps their name"


@pytest.mark.parametrize("finger", [10, 50])
def test_only_fingers_are_enrolled(finger: int) -> None:
    terminal = Terminal(users=NED)
    assert failure(actions.Enroll(user_id="4711", finger=finger), terminal) == Code.NOT_SUPPORTED
    assert not terminal.asked


def test_an_enrolment_over_udp_has_the_old_form() -> None:
    terminal = Terminal(users=NED, events=[ended(0, 5)])
    done(ENROLL, terminal, terms(transport="udp"))
    sent = {ask.command: ask.data for ask in terminal.asked}
    assert sent[Command.START_ENROLL] == (4711).to_bytes(4, "little") + b"\6"
    letters = actions.Enroll(user_id="AB", finger=6)
    terminal = Terminal(users=user_72(1, "AB", "Ned"))
    assert failure(letters, terminal, terms(transport="udp")) == Code.NOT_SUPPORTED
