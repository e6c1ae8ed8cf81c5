"""Clearing: only what is still the same, while nobody can punch, and enabled on every path."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

import pytest

from services.devices.drivers.base import DecodeError, DeviceError, Table
from services.devices.drivers.zk.codec import times
from services.devices.drivers.zk.messages import OPERATION, Command
from services.devices.drivers.zk.protocol.clearing import clear_log
from services.devices.drivers.zk.protocol.procedure import Ask, Reply
from shared.contracts.actions import Cleared
from shared.contracts.errors import Code
from tests.unit.drivers.made import Punched, log_row
from tests.unit.drivers.terminal import (
    NO,
    NOW,
    OK,
    SILENCE,
    Answer,
    Terminal,
    result_of,
    sizes_body,
    terms,
)

CLOCK = times.pack(NOW.replace(tzinfo=None))
LOG = b"".join(log_row("40", Punched(1, 42, CLOCK - 9000 + at, 1, 0)) for at in range(30))
EXPECTED = Table(len(LOG), 30, 30, sha256(LOG).hexdigest())
NOTED = OPERATION.pack(1, 23, 0, CLOCK, b"")
UNTOLD = OK._replace(data=bytes(4))


def failure(terminal: Terminal, expected: Table = EXPECTED) -> Code:
    with pytest.raises(DeviceError) as error:
        result_of(clear_log(terms(), expected), terminal)
    return error.value.code


def test_a_log_that_is_the_same_is_cleared_while_nobody_can_punch() -> None:
    terminal = Terminal(log=LOG, operations=NOTED)
    assert result_of(clear_log(terms(), EXPECTED), terminal) == Cleared(records=30, noted=True)
    assert terminal.log == b""
    assert terminal.enabled
    order = terminal.commands()
    assert order[0] == Command.DISABLE
    assert terminal.asked[0].data == (60).to_bytes(4, "little")
    assert order.index(Command.DISABLE) < order.index(Command.PREPARE_BUFFER)
    assert order.index(Command.CLEAR_LOG) + 1 == order.index(Command.REFRESH_DATA)
    assert order[-1] == Command.ENABLE


@pytest.mark.parametrize(
    "operations",
    [b"", OPERATION.pack(1, 23, 0, CLOCK - 1, b""), OPERATION.pack(1, 4, 0, CLOCK, b""), b"torn"],
)
def test_an_operation_log_that_does_not_say_so(operations: bytes) -> None:
    terminal = Terminal(log=LOG, operations=operations)
    assert result_of(clear_log(terms(), EXPECTED), terminal).noted is False
    assert terminal.enabled


def test_a_device_without_an_operation_log() -> None:
    terminal = Terminal(log=LOG)
    terminal.faults = {Command.PREPARE_BUFFER: [terminal._honest, Reply(0xFFFF, 0)]}
    assert result_of(clear_log(terms(), EXPECTED), terminal) == Cleared(records=30, noted=False)


@pytest.mark.parametrize(
    "log",
    [
        LOG + log_row("40", Punched(1, 42, CLOCK, 1, 0)),
        LOG[:-40],
        LOG[:-1] + b"\1",
        b"",
        log_row("40", Punched(1, 43, CLOCK, 1, 0)) + LOG[40:],
    ],
    ids=["one more", "one less", "another byte", "empty", "another person"],
)
def test_a_log_that_is_another_one_is_not_cleared(log: bytes) -> None:
    terminal = Terminal(log=log)
    assert failure(terminal) == Code.LOG_NOT_QUIET
    assert Command.CLEAR_LOG not in terminal.commands()
    assert terminal.log == log
    assert terminal.enabled


def test_a_punch_between_the_counts_is_not_quiet() -> None:
    counts: list[Answer] = [OK._replace(data=sizes_body(records=each)) for each in (30, 31)]
    terminal = Terminal(log=LOG, faults={Command.SIZES: counts})
    assert failure(terminal) == Code.LOG_NOT_QUIET
    assert Command.CLEAR_LOG not in terminal.commands()


def test_a_reading_that_outlasts_the_quiet_is_not_quiet() -> None:
    moments = iter([NOW, NOW + timedelta(seconds=41)])
    terminal = Terminal(log=LOG)
    slow = terms(now=lambda: next(moments))
    with pytest.raises(DeviceError) as error:
        result_of(clear_log(slow, EXPECTED), terminal)
    assert error.value.code == Code.LOG_NOT_QUIET
    assert Command.CLEAR_LOG not in terminal.commands()
    assert terminal.enabled


CANCELED = DeviceError(Code.OPERATION_CANCELED, "stopped")
BEFORE = [
    (Command.DISABLE, NO, Code.DEVICE_ERROR),
    (Command.DISABLE, SILENCE, Code.DEVICE_NO_ANSWER),
    (Command.SIZES, SILENCE, Code.DEVICE_NO_ANSWER),
    (Command.PREPARE_BUFFER, NO, Code.DEVICE_NO_DATA),
    (Command.PREPARE_BUFFER, CANCELED, Code.OPERATION_CANCELED),
    (Command.READ_BUFFER, SILENCE, Code.DEVICE_NO_ANSWER),
    (Command.READ_BUFFER, CANCELED, Code.OPERATION_CANCELED),
    (Command.GET_TIME, NO, Code.DEVICE_ERROR),
]


@pytest.mark.parametrize(("command", "answer", "code"), BEFORE)
def test_a_failure_before_the_clearing_clears_nothing_and_enables(
    command: Command, answer: Answer, code: Code
) -> None:
    terminal = Terminal(log=LOG, faults={command: [answer]})
    assert failure(terminal) == code
    assert terminal.log == LOG
    assert terminal.enabled
    assert terminal.commands()[-1] == Command.ENABLE


AFTER = [
    (Command.CLEAR_LOG, NO, Code.DEVICE_ERROR),
    (Command.CLEAR_LOG, Reply(0xFFFF, 0), Code.NOT_SUPPORTED),
    (Command.CLEAR_LOG, OK, Code.DEVICE_ERROR),
    (Command.CLEAR_LOG, SILENCE, Code.OUTCOME_UNKNOWN),
    (Command.CLEAR_LOG, CANCELED, Code.OUTCOME_UNKNOWN),
    (Command.REFRESH_DATA, SILENCE, Code.OUTCOME_UNKNOWN),
]


@pytest.mark.parametrize(("command", "answer", "code"), AFTER)
def test_a_failure_of_the_clearing_enables(command: Command, answer: Answer, code: Code) -> None:
    terminal = Terminal(log=LOG, faults={command: [answer]})
    assert failure(terminal) == code
    assert terminal.enabled
    assert terminal.commands()[-1] == Command.ENABLE


def test_a_device_that_cannot_be_enabled_does_not_hide_what_happened() -> None:
    terminal = Terminal(log=LOG, faults={Command.ENABLE: [SILENCE]})
    assert result_of(clear_log(terms(), EXPECTED), terminal).records == 30


def test_records_are_counted_by_their_form_when_the_device_does_not_count() -> None:
    terminal = Terminal(log=LOG, faults={Command.SIZES: [UNTOLD] * 3})
    expected = EXPECTED._replace(before=None, after=None)
    assert result_of(clear_log(terms(), expected), terminal).records == 30


def test_a_log_of_an_unknown_form_is_not_cleared() -> None:
    odd = bytes(44 * 9)
    terminal = Terminal(log=odd, faults={Command.SIZES: [UNTOLD] * 3})
    expected = Table(len(odd), None, None, sha256(odd).hexdigest())
    with pytest.raises(DecodeError):
        result_of(clear_log(terms(), expected), terminal)
    assert terminal.log == odd
    assert terminal.enabled


def test_a_large_log_keeps_the_device_quiet_for_longer() -> None:
    large = LOG * 2000
    terminal = Terminal(log=large)
    expected = Table(len(large), 60_000, 60_000, sha256(large).hexdigest())
    result_of(clear_log(terms(), expected), terminal)
    assert int.from_bytes(terminal.asked[0].data, "little") == 60 + len(large) // 10_000


@pytest.mark.parametrize("last", [Command.GET_TIME, Command.FREE_DATA])
def test_nothing_is_asked_between_the_last_count_and_the_clearing(last: Command) -> None:
    """Of a device that is not disabled, though it says so, somebody may use any moment there is."""
    terminal = Terminal(log=LOG, faults={Command.DISABLE: [OK]})
    punch = log_row("40", Punched(1, 42, CLOCK, 1, 0))

    def while_somebody_punches(ask: Ask) -> Reply:
        terminal.log += punch
        return terminal._honest(ask)

    terminal.faults[last] = [while_somebody_punches]
    assert failure(terminal) == Code.LOG_NOT_QUIET
    assert terminal.log == LOG + punch


@pytest.mark.parametrize("obedient", [True, False])
def test_a_punch_that_comes_during_the_reading_is_never_lost(obedient: bool) -> None:
    """A device that is not disabled, though it says so, is the control: there one does come."""
    terminal = Terminal(log=LOG, inline=0)
    punch = log_row("40", Punched(1, 42, CLOCK, 1, 0))

    def read_while_somebody_punches(ask: Ask) -> Reply:
        reply = terminal._honest(ask)
        terminal.log += punch if terminal.enabled else b""
        return reply

    terminal.faults[Command.READ_BUFFER] = [read_while_somebody_punches]
    if obedient:
        assert result_of(clear_log(terms(), EXPECTED), terminal).records == 30
    else:
        terminal.faults[Command.DISABLE] = [OK]
        assert failure(terminal) == Code.LOG_NOT_QUIET
        assert terminal.log == LOG + punch


def test_the_wall_clock_of_the_tests_is_real() -> None:
    assert times.unpack(CLOCK) == (datetime.isoformat(NOW.replace(tzinfo=None, microsecond=0)), ())
