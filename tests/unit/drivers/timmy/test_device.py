"""The terminal itself: clock, settings, log, enrolment, power, door; and what it cannot do."""

from __future__ import annotations

from typing import Any

import pytest

from services.devices.drivers.base import Table
from services.devices.drivers.catalog import DRIVERS
from services.devices.drivers.timmy.codec.answers import shown
from services.devices.drivers.timmy.codec.templates import shrunk
from services.devices.drivers.timmy.protocol import clearing, doors, enrolment, reading
from services.devices.drivers.timmy.protocol.actions import procedure_for
from shared.contracts import actions
from shared.contracts.actions import Enroll, EnrolmentBegun
from shared.contracts.errors import Code
from shared.contracts.operations import Progress
from tests.unit.drivers.timmy.made import INFO_A, INFO_B, PHOTO, SERIAL, punched, thbio3
from tests.unit.drivers.timmy.terminal import (
    GONE,
    NO_COMMAND,
    NO_DATA,
    REFUSED,
    SILENCE,
    Body,
    Fault,
    Held,
    Terminal,
    done,
    failure,
    failure_of,
    play,
    result_of,
    terms,
)

# ── the log ──────────────────────────────────────────────────────────────────

LOG = [punched(each + 1, each) for each in range(95)]
UNCOUNTED = terms(info={**INFO_B, "usedlog": None})


def read(terminal: Terminal) -> tuple[Table, bytes]:
    table, played = play(reading.log(UNCOUNTED), terminal)
    return table, b"".join(played.kept)


@pytest.mark.parametrize("paging", ["p1", "p2", "p3"])
def test_a_log_is_read_whole(paging: str) -> None:
    table, kept = read(Terminal(log=list(LOG), paging=paging))
    entries = list(DRIVERS["timmy"].log([kept], "json", {}))
    assert [entry.person for entry in entries] == [str(each["enrollid"]) for each in LOG]
    assert table.size == len(kept)
    assert table.before == (None if paging == "p2" else 95)


def test_photos_in_a_log_are_not_kept() -> None:
    _, kept = read(Terminal(log=[punched(image=PHOTO)]))
    assert PHOTO.encode() not in kept
    assert b"sha256" in kept


def test_a_log_that_breaks_off_is_not_whole() -> None:
    page = {"count": 40, "from": 0, "to": 39, "record": LOG[:40]}
    counted = terms(info={**INFO_B, "usedlog": 41})
    for on in (UNCOUNTED, counted):
        terminal = Terminal(faults={"getalllog": [page, SILENCE]})
        assert failure_of(reading.log(on), terminal).code == Code.PULL_INCOMPLETE
    enough = terms(info={**INFO_B, "usedlog": 40})
    terminal = Terminal(faults={"getalllog": [page, SILENCE]})
    assert result_of(reading.log(enough), terminal).size


def test_a_log_that_is_withheld_is_no_empty_one() -> None:
    error = failure_of(reading.log(terms()), Terminal(faults={"getalllog": [NO_DATA]}))
    assert error.code == Code.DEVICE_NO_DATA
    assert result_of(reading.log(terms().cleared()), Terminal()).size == 0


def clear(terminal: Terminal, expected: Table) -> actions.Cleared:
    return result_of(clearing.clear_log(UNCOUNTED, expected), terminal)


def failure_to_clear(terminal: Terminal, expected: Table) -> Code:
    return failure_of(clearing.clear_log(UNCOUNTED, expected), terminal).code


def test_a_log_that_is_the_same_is_cleared_while_nobody_can_punch() -> None:
    terminal = Terminal(log=list(LOG))
    expected, _ = read(terminal)
    terminal.asked.clear()
    assert clear(terminal, expected) == actions.Cleared(records=95, noted=False)
    assert terminal.log == []
    names = terminal.names()
    assert (names[0], names[-1]) == ("disabledevice", "enabledevice")


def test_a_log_that_is_another_by_now_is_not_cleared() -> None:
    terminal = Terminal(log=list(LOG))
    expected, _ = read(terminal)
    terminal.log.append(punched(5, 99))
    assert failure_to_clear(terminal, expected) == Code.LOG_NOT_QUIET
    terminal.log[-1:] = []
    terminal.log[3] = {**terminal.log[3], "inout": 1}
    assert failure_to_clear(terminal, expected) == Code.LOG_NOT_QUIET
    assert len(terminal.log) == 95
    assert not terminal.quiet


@pytest.mark.parametrize("name", ["disabledevice", "getalllog", "cleanlog"])
@pytest.mark.parametrize("fault", [REFUSED, NO_COMMAND, SILENCE])
def test_people_can_punch_again_whatever_became_of_it(name: str, fault: Fault) -> None:
    terminal = Terminal(log=list(LOG))
    expected, _ = read(terminal)
    terminal.faults = {name: [fault]}
    code = failure_to_clear(terminal, expected)
    assert terminal.names()[-1] == "enabledevice"
    assert (code == Code.OUTCOME_UNKNOWN) == (name == "cleanlog" and fault is SILENCE)
    assert len(terminal.log) == 95


def test_a_log_that_was_not_cleared_although_it_was_said_so_is_a_failure() -> None:
    terminal = Terminal(log=list(LOG))
    expected, _ = read(terminal)
    terminal.faults = {"cleanlog": [{}]}
    assert failure_to_clear(terminal, expected) == Code.DEVICE_ERROR


# ── the clock ────────────────────────────────────────────────────────────────


def test_the_clock_is_that_of_the_terminals_place() -> None:
    result = done(actions.ReadTime(), Terminal(clock="2026-05-01 08:01:05"))
    assert isinstance(result, actions.Clock)
    assert result.before == "2026-05-01T08:01:05"
    assert result.drift_ms == 60_250


def test_the_clock_is_set_without_a_zone() -> None:
    terminal = Terminal(clock="2020-01-01 00:00:00")
    result = done(actions.SetTime(), terminal)
    assert isinstance(result, actions.Clock)
    assert terminal.clock == "2026-05-01 08:00:05"
    assert (result.before, result.after) == ("2020-01-01T00:00:00", "2026-05-01T08:00:05")


def test_a_clock_that_was_set_and_shows_something_else_is_a_failure() -> None:
    terminal = Terminal(clock="2020-01-01 00:00:00", faults={"settime": [{}]})
    assert failure(actions.SetTime(), terminal) == Code.DEVICE_ERROR


@pytest.mark.parametrize("time", [None, "noon", 5])
def test_a_clock_that_shows_no_time_is_a_failure(time: object) -> None:
    terminal = Terminal(faults={"gettime": [{"time": time}]})
    assert failure(actions.ReadTime(), terminal) == Code.DEVICE_ERROR


# ── what it is ───────────────────────────────────────────────────────────────


def test_what_a_terminal_is() -> None:
    result = done(actions.ReadInfo(), Terminal())
    assert isinstance(result, actions.Info)
    assert (result.serial, result.firmware, result.mac) == (
        SERIAL,
        "AiF43V_v4.40",
        "00-01-F5-00-00-01",
    )
    assert result.counts == actions.Counts(
        users=42, passwords=3, fingerprints=0, faces=40, records=1903
    )
    assert result.capacity == actions.Counts(
        users=5000, passwords=5000, fingerprints=0, faces=5000, records=500000
    )


@pytest.mark.parametrize(
    ("name", "value", "held"),
    [("volume", "7", 7), ("use_logphoto", "true", True), ("language", "id", "id")],
)
def test_settings_are_written_and_read_back(name: str, value: str, held: object) -> None:
    terminal = Terminal()
    result = done(actions.WriteOption(name=name, value=value), terminal)
    assert result == actions.OptionRead(name=name, value=value)
    assert terminal.settings[name] == held


def test_settings_within_devinfo_are_found() -> None:
    terminal = Terminal(faults={"getdevinfo": [{"devinfo": {"volume": 3}}]})
    result = done(actions.ReadOption(name="volume"), terminal)
    assert result == actions.OptionRead(name="volume", value="3")


def test_a_setting_that_is_not_there() -> None:
    assert failure(actions.ReadOption(name="nonesuch"), Terminal()) == Code.NOT_FOUND


@pytest.mark.parametrize("name", ["cmd", "sn", "ret", "Password", "netpwd"])
def test_a_setting_is_never_another_command_or_a_secret(name: str) -> None:
    terminal = Terminal()
    written = actions.WriteOption(name=name, value="initsys")
    assert failure(written, terminal) == Code.NOT_SUPPORTED
    assert failure(actions.ReadOption(name=name), terminal) == Code.NOT_SUPPORTED
    assert terminal.asked == []


# ── power and door ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("fault", [{}, SILENCE, GONE])
def test_a_restart_may_end_in_any_way(fault: Fault) -> None:
    assert done(actions.Restart(), Terminal(faults={"reboot": [fault]})) == actions.Done()


def test_a_terminal_that_does_not_restart_says_so() -> None:
    assert failure(actions.Restart(), Terminal(faults={"reboot": [REFUSED]})) == Code.DEVICE_ERROR


@pytest.mark.parametrize("action", [actions.PowerOff(), actions.ReadLog(), actions.ReadUsers()])
def test_what_no_terminal_can_is_not_tried(action: actions.Action) -> None:
    terminal = Terminal()
    assert failure(action, terminal) == Code.NOT_SUPPORTED
    assert terminal.asked == []


def test_a_door_is_opened_by_one_command() -> None:
    ask = doors.unlock(terms())
    assert ask.command == {"cmd": "opendoor"}
    assert ask.seconds == 5


# ── enrolment ────────────────────────────────────────────────────────────────

FACE = Enroll(user_id="10012", finger=50, name="John", alias="JSMITH1", follow=False)
FINGERS = terms(info={**INFO_B, "fpsize": 3000})


def test_an_enrolment_begins() -> None:
    terminal = Terminal()
    assert done(FACE, terminal) == EnrolmentBegun(user_id="10012", finger=50)
    assert terminal.asked[-1] == {
        "cmd": "adduser",
        "enrollid": 10012,
        "backupnum": 50,
        "admin": 0,
        "name": "John",
        "flag": 10,
        "aliasid": "JSMITH1",
    }


def test_who_is_there_keeps_name_and_rights() -> None:
    terminal = Terminal({10012: Held("Ann", 1)})
    done(FACE, terminal)
    assert (terminal.asked[-1]["name"], terminal.asked[-1]["admin"]) == ("Ann", 1)


def test_who_is_not_there_and_has_no_name_is_not_enrolled() -> None:
    terminal = Terminal()
    assert failure(FACE.model_copy(update={"name": None}), terminal) == Code.NOT_FOUND
    assert "adduser" not in terminal.names()


def test_an_enrolment_is_followed_to_its_end() -> None:
    terminal = Terminal({10012: Held("Ann", 0, True, {0: shrunk(thbio3())})})
    terminal.statuses = [0, 1, 1, 2, 3, 100]
    wanted = Enroll(user_id="10012", finger=0)
    result, played = play(enrolment.enroll(FINGERS, wanted), terminal)
    assert result == actions.Enrolled(user_id="10012", finger=0, size=810)
    assert played.told == [Progress(total=3, done=done) for done in (1, 2, 3)]
    assert set(played.paused) == {1.5}


@pytest.mark.parametrize("statuses", [[1, -1], [0] * 99])
def test_an_enrolment_that_fails_is_told(statuses: list[int]) -> None:
    terminal = Terminal(statuses=list(statuses))
    assert failure(FACE.model_copy(update={"follow": True}), terminal) == Code.ENROLMENT_FAILED
    assert terminal.names().count("checkregstatus") <= 40


BEGUN = EnrolmentBegun(user_id="10012", finger=50)


@pytest.mark.parametrize(
    ("said", "state", "samples"),
    [
        ({"status": 0}, "started", 0),
        ({"status": "2"}, "started", 2),
        ({"status": 100}, "captured", 3),
        ({"status": -5, "msg": "finger twice"}, "failed", 0),
        ({}, "started", 0),
        (REFUSED, "started", 0),
    ],
)
def test_how_far_an_enrolment_is(said: Body, state: str, samples: int) -> None:
    terminal = Terminal(faults={"checkregstatus": [said]})
    now = result_of(enrolment.progress(terms(), BEGUN), terminal)
    assert (now.state, now.samples) == (state, samples)


@pytest.mark.parametrize("there", [True, False])
def test_a_terminal_that_does_not_tell_shows_it_by_the_slot(there: bool) -> None:
    held = Held("John", 0, True, {50: PHOTO} if there else {})
    terminal = Terminal({10012: held}, faults={"checkregstatus": [NO_COMMAND]})
    now = result_of(enrolment.progress(terms(), BEGUN), terminal)
    assert now.state == ("captured" if there else "started")


@pytest.mark.parametrize(
    ("slot", "info"),
    [(0, INFO_B), (50, {**INFO_B, "facesize": 0}), (10, INFO_B), (11, INFO_B), (20, INFO_B)],
)
def test_what_a_terminal_has_no_sensor_for_is_not_begun(slot: int, info: dict[str, Any]) -> None:
    terminal = Terminal()
    wanted = FACE.model_copy(update={"finger": slot})
    assert failure(wanted, terminal, terms(info=info)) == Code.NOT_SUPPORTED
    assert terminal.asked == []


def test_a_fingerprint_terminal_takes_no_faces() -> None:
    on = terms(family="a", info=INFO_A)
    assert failure(FACE, Terminal(), on) == Code.NOT_SUPPORTED


def test_a_firmware_that_cannot_enrol_says_so() -> None:
    assert failure(FACE, Terminal(faults={"adduser": [NO_COMMAND]})) == Code.NOT_SUPPORTED


# ── what people see of an answer ─────────────────────────────────────────────


@pytest.mark.parametrize("name", ["record", "pwd", "card", "image", "password"])
def test_nothing_that_a_person_is_known_by_is_shown(name: str) -> None:
    assert shown({"ret": "getuserinfo", name: 1234}) == {"ret": "getuserinfo", name: "***"}
    within = shown({"user": {name: "secret"}, "record": [{name: "secret"}]})
    assert "secret" not in str(within)


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (actions.ReadTime(), "gettime"),
        (actions.SetTime(), "settime"),
        (actions.Restart(), "reboot"),
        (actions.PutUser(user_id="17", create=False, name="Eve"), "setusername"),
        (actions.DeleteUser(user_id="17"), "deleteuser"),
        (FACE, "adduser"),
        (actions.WriteOption(name="volume", value="3"), "setdevinfo"),
        (actions.ReadOption(name="volume"), "getdevinfo"),
    ],
)
def test_only_what_was_asked_for_is_shown(action: actions.Action, said: str) -> None:
    _, played = play(procedure_for(action, terms()), Terminal({17: Held("Ali")}))
    assert played.said == [said]


def test_of_a_clearing_the_clearing_is_shown() -> None:
    terminal = Terminal(log=list(LOG))
    expected, _ = read(terminal)
    _, played = play(clearing.clear_log(UNCOUNTED, expected), terminal)
    assert played.said == ["cleanlog"]


def test_an_answer_is_shown_as_it_is() -> None:
    answer = {"ret": "adduser", "result": True, "enrollid": 10012, "msg": "x" * 300}
    assert shown(answer) == {**answer, "msg": "x" * 256}
