"""Reading tables: all or nothing, and the buffer freed whatever happens."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.messages import BUFFER, PART, SELECT, SIZE_WORD, Command, ReplyCode
from services.devices.drivers.zk.protocol import reading, tables
from services.devices.drivers.zk.protocol.procedure import Ask, Reply
from shared.contracts.errors import Code
from tests.unit.drivers.made import Punched, log_row
from tests.unit.drivers.terminal import (
    NO,
    OK,
    SILENCE,
    Answer,
    Terminal,
    play,
    result_of,
    sizes_body,
    terms,
)

YESTERDAY = 842_000_000
TORN = DeviceError(Code.PULL_INCOMPLETE, "numbers disagree")


def punched(count: int) -> bytes:
    return b"".join(
        log_row("40", Punched(1, 1000 + at % 7, YESTERDAY + at, 1, 0)) for at in range(count)
    )


def counts(*records: int) -> list[Answer]:
    return [OK._replace(data=sizes_body(records=each)) for each in records]


@given(st.integers(0, 4000), st.sampled_from(["tcp", "udp"]))
def test_a_log_comes_out_whole_whatever_its_size(count: int, transport: str) -> None:
    terminal = Terminal(log=punched(count))
    table, played = play(reading.log(terms(transport=transport)), terminal)
    assert b"".join(played.kept) == terminal.log
    assert (table.size, table.before, table.after) == (len(terminal.log), count, count)
    assert table.digest == sha256(terminal.log).hexdigest()
    assert terminal.commands()[-2:] == [Command.FREE_DATA, Command.SIZES]


@pytest.mark.parametrize(("transport", "most"), [("tcp", 65_472), ("udp", 16_384)])
def test_no_piece_is_larger_than_a_chunk(transport: str, most: int) -> None:
    terminal = Terminal(log=punched(5000))
    _, played = play(reading.log(terms(transport=transport)), terminal)
    assert max(map(len, played.kept)) <= most
    parts = [PART.unpack(ask.data) for ask in terminal.asked if ask.command == Command.READ_BUFFER]
    assert sum(length for _, length in parts) == 5000 * 40 + 4
    assert parts[0] == (0, most)


def test_what_is_asked_for_is_what_devices_are_used_to() -> None:
    terminal = Terminal()
    result_of(reading.log(terms()), terminal)
    result_of(reading.people(terms()), terminal)
    result_of(reading.templates(terms(), None), terminal)
    prepared = [ask.data for ask in terminal.asked if ask.command == Command.PREPARE_BUFFER]
    assert [each.hex() for each in dict.fromkeys(prepared)] == [
        "010d000000000000000000",
        "0109000500000000000000",
        "0107000200000000000000",
    ]
    assert all(len(each) == SELECT.size for each in prepared)


def size_word_of(claimed: int, rows: bytes) -> Answer:
    return Reply(ReplyCode.DATA, 0, SIZE_WORD.pack(claimed) + rows)


def short(ask: Ask) -> Reply:
    _, length = PART.unpack(ask.data)
    return Reply(ReplyCode.DATA, 0, SIZE_WORD.pack(4000) + bytes(length - 5))


ROWS = punched(100)
FAULTS: dict[str, dict[int, list[Answer]]] = {
    "a chunk is short": {Command.READ_BUFFER: [short]},
    "a chunk is empty": {Command.READ_BUFFER: [Reply(ReplyCode.DATA, 0)]},
    "a chunk is torn": {Command.READ_BUFFER: [TORN]},
    "a chunk is refused": {Command.READ_BUFFER: [NO]},
    "a chunk does not come": {Command.READ_BUFFER: [SILENCE]},
    "the size word is too small": {Command.PREPARE_BUFFER: [size_word_of(3960, ROWS)]},
    "the size word is too large": {Command.PREPARE_BUFFER: [size_word_of(4040, ROWS)]},
    "the size word is cut off": {Command.PREPARE_BUFFER: [Reply(ReplyCode.DATA, 0, b"\1\2")]},
    "the size is not told": {Command.PREPARE_BUFFER: [OK]},
    "the sizes disagree": {Command.PREPARE_BUFFER: [OK._replace(data=BUFFER.pack(0, 84, 44, 0))]},
    "the size is absurd": {
        Command.PREPARE_BUFFER: [OK._replace(data=BUFFER.pack(0, 2**31, 2**31, 0))]
    },
    "a record is missing": {Command.SIZES: counts(101, 101)},
    "a record is too many": {Command.SIZES: counts(99, 99)},
    "the counts go down": {Command.SIZES: counts(100, 99)},
    "the log is said to be empty": {Command.PREPARE_BUFFER: [NO]},
    "the log is emptily sent": {Command.PREPARE_BUFFER: [size_word_of(0, b"")]},
    "the device is busy": {Command.PREPARE_BUFFER: [Reply(12_345, 0)]},
    "the device knows no tables": {Command.PREPARE_BUFFER: [Reply(0xFFFF, 0)]},
    "the device withholds it": {Command.PREPARE_BUFFER: [Reply(4989, 0)]},
    "the device says nothing": {Command.PREPARE_BUFFER: [SILENCE]},
}
OTHER_CODES = {
    "a chunk is refused": Code.DEVICE_ERROR,
    "a chunk does not come": Code.DEVICE_NO_ANSWER,
    "the device is busy": Code.DEVICE_ERROR,
    "the device knows no tables": Code.NOT_SUPPORTED,
    "the log is said to be empty": Code.DEVICE_NO_DATA,
    "the device withholds it": Code.DEVICE_NO_DATA,
    "the device says nothing": Code.DEVICE_NO_ANSWER,
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_log_that_is_not_whole_is_never_a_success(name: str) -> None:
    terminal = Terminal(log=ROWS)
    terminal.faults = {command: list(answers) for command, answers in FAULTS[name].items()}
    with pytest.raises(DeviceError) as error:
        result_of(reading.log(terms()), terminal)
    assert error.value.code == OTHER_CODES.get(name, Code.PULL_INCOMPLETE)
    assert Command.FREE_DATA in terminal.commands()


def test_the_number_of_an_unknown_answer_is_told() -> None:
    terminal = Terminal(log=ROWS, faults={Command.PREPARE_BUFFER: [Reply(12_345, 0)]})
    with pytest.raises(DeviceError, match="12345"):
        result_of(reading.log(terms()), terminal)


def test_what_stops_the_reading_is_told_and_not_what_the_freeing_came_to() -> None:
    terminal = Terminal(
        log=ROWS, faults={Command.READ_BUFFER: [TORN], Command.FREE_DATA: [SILENCE]}
    )
    with pytest.raises(DeviceError) as error:
        result_of(reading.log(terms()), terminal)
    assert error.value is TORN


def test_a_buffer_that_is_not_freed_does_not_cost_the_table() -> None:
    terminal = Terminal(log=ROWS, faults={Command.FREE_DATA: [NO]})
    assert result_of(reading.log(terms()), terminal).size == 4000


@pytest.mark.parametrize(("before", "after"), [(99, 100), (100, 101), (98, 103)])
def test_punches_during_the_reading_are_no_disagreement(before: int, after: int) -> None:
    terminal = Terminal(log=ROWS, faults={Command.SIZES: counts(before, after)})
    table = result_of(reading.log(terms()), terminal)
    assert (table.before, table.after) == (before, after)


@pytest.mark.parametrize("body", [bytes(4), b"", bytes(79)])
def test_sizes_that_are_not_told_are_no_empty_log(body: bytes) -> None:
    untold: list[Answer] = [OK._replace(data=body)] * 2
    terminal = Terminal(log=ROWS, faults={Command.SIZES: untold})
    table, played = play(reading.log(terms()), terminal)
    assert (table.before, table.after) == (None, None)
    assert b"".join(played.kept) == ROWS


@pytest.mark.parametrize("claimed", [0, 40, 3960, 3999, 4040, 2**32 - 1])
@pytest.mark.parametrize("inline", [1024, 100_000])
def test_a_size_word_that_disagrees_fails_also_where_nothing_is_counted(
    claimed: int, inline: int
) -> None:
    """Nothing but the size word itself speaks against it: its own check is what fails here."""
    untold: list[Answer] = [OK._replace(data=bytes(4))] * 2
    terminal = Terminal(log=ROWS, inline=inline, faults={Command.SIZES: untold})
    honest = terminal._honest

    def lying(ask: Ask) -> Reply:
        reply = honest(ask)
        rows = reply.data[SIZE_WORD.size :]
        return reply._replace(data=SIZE_WORD.pack(claimed) + rows) if rows == ROWS else reply

    terminal.faults[Command.PREPARE_BUFFER] = [lying]
    terminal.faults[Command.READ_BUFFER] = [lying]
    with pytest.raises(DeviceError) as error:
        result_of(reading.log(terms()), terminal)
    assert error.value.code == Code.PULL_INCOMPLETE


@pytest.mark.parametrize("answer", [NO, Reply(0xFFFF, 0), Reply(4981, 0)])
def test_sizes_that_are_refused_are_no_empty_log(answer: Reply) -> None:
    terminal = Terminal(log=ROWS, faults={Command.SIZES: [answer, answer]})
    assert result_of(reading.log(terms()), terminal).before is None


@pytest.mark.parametrize(
    "answer",
    [
        NO,
        Reply(4989, 0),
        size_word_of(0, b""),
        Reply(ReplyCode.DATA, 0),
        OK._replace(data=bytes(13)),
    ],
)
def test_an_empty_log_is_empty_in_every_way_devices_say_so(answer: Answer) -> None:
    terminal = Terminal(faults={Command.PREPARE_BUFFER: [answer]})
    table, played = play(reading.log(terms()), terminal)
    assert (table.size, table.before, b"".join(played.kept)) == (0, 0, b"")


def test_more_counts_than_can_be_are_no_endless_work() -> None:
    prime = 1_000_003
    with pytest.raises(DeviceError):
        tables.reconcile(prime, 3, 2**31 - 1)


def test_what_is_thrown_in_by_a_runner_that_is_stopped_frees_the_buffer() -> None:
    procedure = reading.log(terms())
    terminal = Terminal(log=ROWS, faults={Command.SIZES: counts(100)}, inline=0)
    wish = next(procedure)
    while not (isinstance(wish, Ask) and wish.command == Command.READ_BUFFER):
        assert isinstance(wish, Ask)
        wish = procedure.send(terminal.answer(wish))
    stopped = DeviceError(Code.OPERATION_CANCELED, "stopped")
    wish = procedure.throw(stopped)
    assert isinstance(wish, Ask)
    assert wish.command == Command.FREE_DATA
    with pytest.raises(DeviceError) as error:
        procedure.send(OK)
    assert error.value is stopped
