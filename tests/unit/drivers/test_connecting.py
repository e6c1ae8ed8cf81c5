"""Connecting: the comm key, the diagnosis, and a device that is enabled in any case."""

from __future__ import annotations

import pytest

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.codec.keys import scrambled
from services.devices.drivers.zk.messages import Command, ReplyCode
from services.devices.drivers.zk.protocol.connecting import Hello, connect, leave
from services.devices.drivers.zk.protocol.doors import unlock
from services.devices.drivers.zk.protocol.listening import listen
from services.devices.drivers.zk.protocol.procedure import Reply
from shared.contracts.errors import Code
from tests.unit.drivers.terminal import NO, OK, SILENCE, Answer, Terminal, result_of, terms

UNAUTHORIZED = Reply(ReplyCode.UNAUTHORIZED, 0x45CF)
HELLO = Hello("ABC123", "Ver 6.60 Apr 26 2016")


def test_a_device_without_a_key() -> None:
    terminal = Terminal(options={"~SerialNumber": "ABC123"}, enabled=False)
    assert result_of(connect(0), terminal) == HELLO
    assert Command.AUTH not in terminal.commands()
    assert terminal.enabled


@pytest.mark.parametrize("key", [0, 12, 123_456])
def test_the_key_is_sent_whenever_it_is_asked_for_also_key_0(key: int) -> None:
    terminal = Terminal(options={"~SerialNumber": "ABC123"}, enabled=False)
    terminal.faults = {Command.CONNECT: [UNAUTHORIZED]}
    assert result_of(connect(key), terminal) == HELLO
    (sent,) = (ask.data for ask in terminal.asked if ask.command == Command.AUTH)
    assert sent == scrambled(key, 0x45CF)
    assert terminal.enabled


@pytest.mark.parametrize(("key", "said"), [(0, "needs a comm key"), (12, "wrong key")])
def test_a_refused_key(key: int, said: str) -> None:
    faults: dict[int, list[Answer]] = {
        Command.CONNECT: [UNAUTHORIZED],
        Command.AUTH: [UNAUTHORIZED],
    }
    with pytest.raises(DeviceError, match=said) as error:
        result_of(connect(key), Terminal(faults=faults))
    assert error.value.code == Code.DEVICE_WRONG_KEY
    assert "12" not in error.value.details


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Reply(6001, 0), Code.DEVICE_REFUSED),
        (NO, Code.DEVICE_ERROR),
        (Reply(777, 0), Code.DEVICE_ERROR),
        (SILENCE, Code.DEVICE_NO_ANSWER),
    ],
)
def test_a_refused_connection(answer: Answer, code: Code) -> None:
    with pytest.raises(DeviceError) as error:
        result_of(connect(0), Terminal(faults={Command.CONNECT: [answer]}))
    assert error.value.code == code


def test_a_device_that_takes_the_connection_but_not_the_session() -> None:
    with pytest.raises(DeviceError) as error:
        result_of(connect(0), Terminal(faults={Command.ENABLE: [UNAUTHORIZED]}))
    assert error.value.code == Code.DEVICE_WRONG_KEY


@pytest.mark.parametrize("answer", [NO, Reply(0xFFFF, 0), Reply(4981, 0)])
def test_a_device_that_does_not_say_who_it_is(answer: Reply) -> None:
    terminal = Terminal(faults={Command.OPTION_READ: [answer], Command.VERSION: [answer]})
    assert result_of(connect(0), terminal) == Hello(None, None)


def test_leaving_enables() -> None:
    terminal = Terminal(enabled=False)
    result_of(leave(), terminal)
    assert terminal.enabled
    assert terminal.commands()[-1] == Command.EXIT


def test_listening_is_for_punches_only() -> None:
    terminal = Terminal()
    result_of(listen(), terminal)
    assert terminal.asked[0][:2] == (Command.REGISTER, b"\1\0\0\0")
    with pytest.raises(DeviceError) as error:
        result_of(listen(), Terminal(faults={Command.REGISTER: [Reply(0xFFFF, 0)]}))
    assert error.value.code == Code.NOT_SUPPORTED


@pytest.mark.parametrize(("factor", "data"), [(10, "32000000"), (1, "05000000")])
def test_an_unlock_is_asked_for_once(factor: int, data: str) -> None:
    ask = unlock(terms(unlock_factor=factor), 5)
    assert (ask.command, ask.data.hex(), ask.repeatable) == (Command.UNLOCK, data, False)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (4987, Code.DEVICE_FULL),
        (4988, Code.DEVICE_FULL),
        (4990, Code.DEVICE_FULL),
        (4995, Code.DEVICE_ERROR),
        (4981, Code.NOT_SUPPORTED),
        (0xFFFD, Code.NOT_SUPPORTED),
        (0xFFFF, Code.NOT_SUPPORTED),
        (2003, Code.DEVICE_ERROR),
    ],
)
def test_every_other_number_is_a_failure_that_tells_it(code: int, problem: Code) -> None:
    with pytest.raises(DeviceError, match=str(code)) as error:
        result_of(listen(), Terminal(faults={Command.REGISTER: [Reply(code, 0)]}))
    assert error.value.code == problem


def test_only_ok_is_yes() -> None:
    for code in range(1990, 2020):
        terminal = Terminal(faults={Command.REGISTER: [OK._replace(code=code)]})
        if code == ReplyCode.OK:
            result_of(listen(), terminal)
        else:
            with pytest.raises(DeviceError):
                result_of(listen(), terminal)
