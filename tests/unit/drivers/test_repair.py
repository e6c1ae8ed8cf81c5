"""Over UDP: what is lost of a chunk is asked for again, smaller, and not for ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.messages import PART, Command
from services.devices.drivers.zk.protocol import reading
from services.devices.drivers.zk.protocol.procedure import Ask, Reply
from shared.contracts.errors import Code
from tests.unit.drivers.doing import ANN
from tests.unit.drivers.terminal import (
    NO,
    OK,
    SILENCE,
    Answer,
    Terminal,
    play,
    result_of,
    terms,
)
from tests.unit.drivers.test_tables import TORN, punched, short


def lengths(terminal: Terminal) -> list[tuple[int, int]]:
    return [PART.unpack(ask.data) for ask in terminal.asked if ask.command == Command.READ_BUFFER]


@pytest.mark.parametrize("loss", [TORN, SILENCE, short])
def test_a_lost_datagram_makes_the_chunk_be_asked_for_again_and_smaller(
    loss: DeviceError | Callable[[Ask], Reply],
) -> None:
    terminal = Terminal(log=punched(1000), faults={Command.READ_BUFFER: [loss, loss]})
    _, played = play(reading.log(terms(transport="udp")), terminal)
    assert b"".join(played.kept) == terminal.log
    assert lengths(terminal)[:4] == [(0, 16_384), (0, 8192), (0, 4096), (4096, 16_384)]


def test_a_line_that_loses_everything_is_given_up() -> None:
    losses: list[Answer] = [TORN] * 100
    terminal = Terminal(log=punched(1000), faults={Command.READ_BUFFER: losses})
    with pytest.raises(DeviceError) as error:
        result_of(reading.log(terms(transport="udp")), terminal)
    assert error.value is TORN
    asked = lengths(terminal)
    assert len(asked) == 8
    assert min(length for _, length in asked) == 1024
    assert terminal.commands()[-1] == Command.FREE_DATA


def test_a_refusal_is_not_asked_again() -> None:
    terminal = Terminal(log=punched(1000), faults={Command.READ_BUFFER: [NO]})
    with pytest.raises(DeviceError):
        result_of(reading.log(terms(transport="udp")), terminal)
    assert len(lengths(terminal)) == 1


@pytest.mark.parametrize("loss", [TORN, OK], ids=["its middle", "its beginning"])
def test_a_template_of_which_something_was_lost_is_asked_for_again(loss: Answer) -> None:
    """Where the beginning was lost, only the OK that ends it is left."""
    terminal = Terminal(users=ANN, prints={(3, 2): b"print"})
    terminal.faults = {Command.TEMPLATE_READ: [NO, NO, loss, loss]}
    (found,) = result_of(reading.templates(terms(), "12"), terminal).templates
    assert (found.finger, found.data.get_secret_value()) == (2, b"print")


def test_a_template_of_which_something_is_always_lost_is_not_left_out() -> None:
    terminal = Terminal(users=ANN, faults={Command.TEMPLATE_READ: [NO, *[OK] * 100]})
    with pytest.raises(DeviceError) as error:
        result_of(reading.templates(terms(), "12"), terminal)
    assert error.value.code == Code.PULL_INCOMPLETE


def test_a_chunk_is_never_asked_for_again_under_the_same_number() -> None:
    terminal = Terminal(log=punched(1000))
    result_of(reading.log(terms(transport="udp")), terminal)
    assert not any(ask.repeatable for ask in terminal.asked if ask.command == Command.READ_BUFFER)
