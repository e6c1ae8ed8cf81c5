"""Answers in parts: they add up, or fail and the conversation goes on."""

from __future__ import annotations

import pytest

from services.devices.drivers.zk.codec.packets import Packet, decode
from services.devices.drivers.zk.messages import TRANSFER, Command, ReplyCode
from services.devices.drivers.zk.protocol.conversation import (
    Failed,
    Moved,
    Write,
)
from services.devices.drivers.zk.protocol.procedure import Ask, Heard, Reply
from shared.contracts.errors import Code
from tests.unit.drivers.talk import (
    READ,
    SESSION,
    TIME,
    answers,
    connected,
    failures,
    told,
    transfer,
)


def test_a_transfer_is_one_answer() -> None:
    conversation = connected()
    conversation.ask(READ)
    events = told(conversation, transfer(b"1234567890", 1))
    assert answers(events) == [Reply(ReplyCode.DATA, 0x7C, b"1234567890")]
    assert [event.size for event in events if isinstance(event, Moved)] == [4, 4, 2]


def test_an_event_between_the_parts_of_a_transfer_disturbs_nothing() -> None:
    conversation = connected()
    conversation.ask(READ)
    packets = transfer(b"1234567890", 1)
    for at in (4, 3, 2, 1):
        packets.insert(at, Packet(ReplyCode.EVENT, 1, 0, b"punch"))
    events = told(conversation, packets)
    assert len([event for event in events if isinstance(event, Heard)]) == 4
    assert answers(events) == [Reply(ReplyCode.DATA, 0x7C, b"1234567890")]


def test_data_without_a_transfer_is_the_whole_answer() -> None:
    conversation = connected()
    conversation.ask(READ)
    events = told(conversation, [Packet(ReplyCode.DATA, SESSION, 1, b"small")])
    assert answers(events) == [Reply(ReplyCode.DATA, SESSION, b"small")]


def test_numbers_begin_at_0_again_or_go_on() -> None:
    conversation = connected()
    for number, first in ((1, 0), (2, 0), (3, 3), (4, 6), (5, 0)):
        conversation.ask(READ)
        events = told(conversation, transfer(b"1234567890", number, first=first))
        assert answers(events) == [Reply(ReplyCode.DATA, 0x7C, b"1234567890")]


def test_numbers_go_on_past_65535() -> None:
    conversation = connected()
    conversation._expected = 65_535
    conversation.ask(READ)
    packets = transfer(b"1234567890", 1)
    numbered = [each._replace(slot=(65_535 + at) % 65_536) for at, each in enumerate(packets[1:-1])]
    events = told(conversation, [packets[0], *numbered, packets[-1]])
    assert answers(events) == [Reply(ReplyCode.DATA, 0x7C, b"1234567890")]


def broken(name: str) -> list[Packet]:
    packets = transfer(b"1234567890", 1)
    prepare, first, second, third, close = packets
    return {
        "a part is missing": [prepare, first, third, close],
        "the last part is missing": [prepare, first, second, close],
        "numbers skip one": [prepare, first, second._replace(slot=2), close],
        "numbers begin at 5": transfer(b"1234567890", 1, first=5),
        "parts are swapped": [prepare, second, first, third, close],
        "a part comes twice": [prepare, first, first, third, close],
        "a part is short": [prepare, first, second._replace(data=b"5"), third, close],
        "more comes than was announced": [prepare, first, second, third, third._replace(slot=3)],
        "nothing comes": [prepare, close],
        "it begins twice": [prepare, first, prepare, first, second, third, close],
        "the announcement is short": [prepare._replace(data=b"\1"), first],
        "the announcement is absurd": [prepare._replace(data=TRANSFER.pack(2**31, 1024)), first],
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "a part is missing",
        "the last part is missing",
        "numbers skip one",
        "numbers begin at 5",
        "parts are swapped",
        "a part comes twice",
        "a part is short",
        "more comes than was announced",
        "nothing comes",
        "it begins twice",
        "the announcement is short",
        "the announcement is absurd",
    ],
)
def test_a_transfer_that_does_not_add_up_fails_and_the_conversation_goes_on(name: str) -> None:
    conversation = connected()
    conversation.ask(READ)
    events = told(conversation, broken(name))
    assert failures(events) == [Code.PULL_INCOMPLETE]
    assert answers(events) == []
    assert not conversation.waiting
    assert not conversation.lost
    conversation.ask(READ)
    assert answers(told(conversation, transfer(b"12345678", 2)))


def test_after_a_failure_a_device_may_count_on_from_anywhere() -> None:
    conversation = connected()
    conversation.ask(READ)
    assert failures(told(conversation, broken("a part is missing")))
    conversation.ask(READ)
    assert answers(told(conversation, transfer(b"1234567890", 2, first=3)))


def test_a_transfer_may_end_with_an_error() -> None:
    conversation = connected()
    conversation.ask(READ)
    packets = transfer(b"1234567890", 1)
    events = told(conversation, [*packets[:2], Packet(ReplyCode.ERROR, SESSION, 1)])
    assert answers(events) == [Reply(ReplyCode.ERROR, SESSION)]
    conversation.ask(READ)
    assert answers(told(conversation, transfer(b"12345678", 2, first=1)))


@pytest.mark.parametrize("first", ["aa01", "55aa", "00000000", "5050827dffffffff", "5050837c"])
def test_foreign_bytes_lose_the_conversation_and_not_the_events_before_them(first: str) -> None:
    conversation = connected()
    conversation.ask(TIME)
    event = Packet(ReplyCode.EVENT, 1, 0, b"punch").frame()
    events = conversation.receive(event + bytes.fromhex(first))
    assert [type(each) for each in events] == [Write, Heard, Failed]
    assert failures(events) == [Code.DEVICE_WRONG_PROTOCOL]
    assert conversation.lost
    assert not conversation.waiting
    assert conversation.receive(event) == []


def test_a_large_packet_on_a_slow_line_moves_though_it_is_not_whole() -> None:
    conversation = connected()
    conversation.ask(READ)
    prepare, part, close = transfer(bytes(1000), 1, size=1000)
    told(conversation, [prepare])
    frame = part.frame()
    assert conversation.receive(frame[:100]) == [Moved(100)]
    assert conversation.receive(frame[100:500]) == [Moved(400)]
    assert conversation.receive(frame[500:]) == [Moved(1000)]
    assert answers(told(conversation, [close]))


def test_a_stuck_device_does_not_move_though_events_come() -> None:
    conversation = connected()
    conversation.ask(READ)
    event = Packet(ReplyCode.EVENT, 1, 0, b"punch").frame()
    events = conversation.receive(event[:-1])
    assert events == []


def test_a_damaged_frame_is_dropped_and_the_transfer_fails() -> None:
    conversation = connected()
    conversation.ask(READ)
    packets = transfer(b"1234567890", 1)
    stream = bytearray(b"".join(each.frame() for each in packets))
    stream[len(packets[0].frame()) + 17] ^= 1
    assert failures(conversation.receive(bytes(stream))) == [Code.PULL_INCOMPLETE]
    assert conversation.damaged == 1


def test_connecting_again_begins_a_new_session() -> None:
    conversation = connected()
    conversation.ask(TIME)
    conversation.forget()
    request = decode(conversation.ask(Ask(Command.CONNECT))[8:])
    assert request == Packet(Command.CONNECT, 0, 0)
    told(conversation, [Packet(ReplyCode.UNAUTHORIZED, 0x1234, 0)])
    authentication = decode(conversation.ask(Ask(Command.AUTH))[8:])
    assert authentication is not None
    assert authentication.slot == 0x1234
