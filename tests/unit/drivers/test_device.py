"""The device itself: clock, options, information, power."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.codec import times
from services.devices.drivers.zk.messages import (
    Command,
    ReplyCode,
)
from services.devices.drivers.zk.protocol.actions import procedure_for
from services.devices.drivers.zk.protocol.procedure import Reply
from shared.contracts import actions
from shared.contracts.actions import Action
from shared.contracts.errors import Code
from tests.unit.drivers.doing import ANN, GONE, NED, done, failure
from tests.unit.drivers.terminal import (
    NO,
    NOW,
    OK,
    SILENCE,
    Answer,
    Terminal,
    terms,
)

JAKARTA = terms(zone="Asia/Jakarta")


def test_the_clock_is_read_in_the_zone_of_the_device() -> None:
    slow = NOW + timedelta(hours=7) - timedelta(seconds=90)
    terminal = Terminal(clock=times.pack(slow.replace(tzinfo=None)))
    result = done(actions.ReadTime(), terminal, JAKARTA)
    # The device shows :45 and may mean anything up to :45.999, it is :15.25 in truth.
    assert result == actions.Clock(before="2026-03-02T15:28:45", drift_ms=-89_750, at=NOW)


def test_a_clock_without_a_real_date_has_no_drift() -> None:
    terminal = Terminal(clock=int.from_bytes(bytes.fromhex("80bb4a2e"), "little"))
    assert done(actions.ReadTime(), terminal) == actions.Clock(before=None, at=NOW)


def test_the_clock_is_set_to_the_true_time_of_its_zone() -> None:
    terminal = Terminal(clock=times.pack(datetime(2000, 1, 1)))  # noqa: DTZ001 - a wall clock
    result = done(actions.SetTime(), terminal, JAKARTA)
    assert isinstance(result, actions.Clock)
    assert (result.before, result.after) == ("2000-01-01T00:00:00", "2026-03-02T15:30:15")
    assert result.drift_ms is not None
    assert result.drift_ms < -800_000_000_000


def test_a_clock_that_stands_as_before_was_not_set() -> None:
    stuck = Terminal(clock=1_000_000, faults={Command.SET_TIME: [OK]})
    assert failure(actions.SetTime(), stuck) == Code.DEVICE_ERROR
    assert failure(actions.SetTime(), Terminal(faults={Command.SET_TIME: [NO]})) == (
        Code.DEVICE_ERROR
    )


def test_a_time_of_too_few_bytes() -> None:
    terminal = Terminal(faults={Command.GET_TIME: [OK._replace(data=b"12")]})
    assert failure(actions.ReadTime(), terminal) == Code.DEVICE_ERROR


def test_an_option_is_read() -> None:
    terminal = Terminal(options={"LockOn": "5"})
    expected = actions.OptionRead(name="LockOn", value="5")
    assert done(actions.ReadOption(name="LockOn"), terminal) == expected


@pytest.mark.parametrize("answer", [NO, Reply(0xFFFF, 0), OK._replace(data=b"Other=1\0")])
def test_an_option_that_is_not_there(answer: Answer) -> None:
    terminal = Terminal(faults={Command.OPTION_READ: [answer]})
    assert failure(actions.ReadOption(name="LockOn"), terminal) == Code.NOT_FOUND


def test_an_option_is_written_and_taken_up() -> None:
    terminal = Terminal()
    result = done(actions.WriteOption(name="LockOn", value="7"), terminal)
    assert result == actions.OptionRead(name="LockOn", value="7")
    assert terminal.commands() == [
        Command.OPTION_WRITE,
        Command.REFRESH_OPTION,
        Command.OPTION_READ,
    ]


def test_what_a_device_is() -> None:
    terminal = Terminal(
        users=NED + ANN,
        options={"~SerialNumber": "ABC", "~Platform": "ZMM210", "MAC": "00:17:61:00:00:01"},
    )
    info = done(actions.ReadInfo(), terminal)
    assert isinstance(info, actions.Info)
    assert (info.serial, info.platform, info.mac) == ("ABC", "ZMM210", "00:17:61:00:00:01")
    assert (info.firmware, info.device_name) == ("Ver 6.60 Apr 26 2016", None)
    assert info.counts is not None
    assert info.capacity is not None
    assert (info.counts.users, info.capacity.records) == (2, 100_000)
    assert (info.device_time, info.drift_ms) == ("2026-03-02T08:30:15", 250)


def test_a_device_that_says_little_of_itself() -> None:
    refusals: list[Answer] = [NO]
    faults: dict[int, list[Answer]] = {
        Command.SIZES: refusals,
        Command.VERSION: list(refusals),
    }
    info = done(actions.ReadInfo(), Terminal(faults=faults))
    assert isinstance(info, actions.Info)
    assert (info.counts, info.capacity, info.firmware, info.serial) == (None, None, None, None)


@pytest.mark.parametrize("answer", [OK, SILENCE, GONE])
def test_a_restart_succeeds_with_a_word_with_none_and_with_a_hang_up(answer: Answer) -> None:
    terminal = Terminal(faults={Command.RESTART: [answer]})
    assert done(actions.Restart(), terminal) == actions.Done()


def test_a_device_that_was_gone_before_is_not_restarted() -> None:
    terminal = Terminal(faults={Command.GET_TIME: [GONE]})
    assert failure(actions.Restart(), terminal) == Code.DEVICE_UNREACHABLE
    assert Command.RESTART not in terminal.commands()


def test_a_refused_restart_is_a_failure() -> None:
    terminal = Terminal(faults={Command.RESTART: [NO]})
    assert failure(actions.Restart(), terminal) == Code.DEVICE_ERROR


@pytest.mark.parametrize("answer", [OK, SILENCE, GONE])
def test_power_off_needs_the_word_of_the_device_but_no_farewell(answer: Answer) -> None:
    terminal = Terminal(faults={Command.EXIT: [answer]})
    assert done(actions.PowerOff(), terminal) == actions.Done()
    assert terminal.commands() == [Command.POWER_OFF, Command.EXIT]
    refused = Terminal(faults={Command.POWER_OFF: [Reply(ReplyCode.ERROR, 0)]})
    assert failure(actions.PowerOff(), refused) == Code.DEVICE_ERROR


@pytest.mark.parametrize(
    "action",
    [actions.ReadLog(), actions.ClearLog(), actions.ReadUsers(), actions.ReadTemplates()],
)
def test_what_needs_more_than_the_wire(action: Action) -> None:
    with pytest.raises(DeviceError) as error:
        procedure_for(action, terms())
    assert error.value.code == Code.NOT_SUPPORTED


WRITES: dict[Command, Action] = {
    Command.USER_WRITE: actions.PutUser(user_id="4711", create=False, name="Bob"),
    Command.DELETE_USER: actions.DeleteUser(user_id="4711"),
    Command.SET_TIME: actions.SetTime(),
    Command.OPTION_WRITE: actions.WriteOption(name="LockOn", value="5"),
    Command.RESTART: actions.Restart(),
    Command.POWER_OFF: actions.PowerOff(),
}


@pytest.mark.parametrize("command", WRITES)
def test_what_has_an_effect_is_asked_for_once_whatever_the_network_loses(command: Command) -> None:
    terminal = Terminal(users=NED)
    done(WRITES[command], terminal)
    assert [ask.repeatable for ask in terminal.asked if ask.command == command] == [False]
