"""One connection: answers by number, events at any time, and nothing that is foreign."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.devices.drivers.zk.codec.packets import Packet, decode
from services.devices.drivers.zk.messages import Command, ReplyCode
from services.devices.drivers.zk.protocol.conversation import (
    Answered,
    Conversation,
    Failed,
    Moved,
    Told,
    Write,
)
from services.devices.drivers.zk.protocol.procedure import Ask, Heard, Reply
from tests.unit.drivers.talk import (
    READ,
    SESSION,
    TIME,
    answers,
    connected,
    sent,
    told,
    transfer,
)


def test_a_request_has_session_and_number_and_its_answer_ends_it() -> None:
    conversation = connected()
    request = decode(conversation.ask(TIME)[8:])
    assert request == Packet(Command.GET_TIME, SESSION, 1)
    assert conversation.waiting
    events = told(conversation, [Packet(ReplyCode.OK, SESSION, 1, b"1234")])
    assert events == [Answered(Reply(ReplyCode.OK, SESSION, b"1234"))]
    assert not conversation.waiting


def test_only_one_request_at_a_time() -> None:
    conversation = connected()
    conversation.ask(TIME)
    with pytest.raises(RuntimeError):
        conversation.ask(TIME)


def test_numbers_wrap_before_65535() -> None:
    conversation = connected()
    numbers = []
    for _ in range(65_536):
        packet = decode(conversation.ask(TIME)[8:])
        assert packet is not None
        numbers.append(packet.number)
        conversation.forget()
    assert max(numbers) == 65_534
    assert numbers[65_533:] == [65_534, 0, 1]


def test_the_late_answer_of_a_request_that_was_given_up_is_dropped() -> None:
    conversation = connected()
    conversation.ask(TIME)
    conversation.forget()
    conversation.ask(TIME)
    late, right = Packet(ReplyCode.OK, SESSION, 1, b"late"), Packet(ReplyCode.OK, SESSION, 2)
    assert answers(told(conversation, [late, right])) == [Reply(ReplyCode.OK, SESSION)]
    assert conversation.dropped == 1


def test_what_nobody_asked_for_is_dropped() -> None:
    conversation = connected()
    assert told(conversation, transfer(b"12345678", 1)) == []
    assert conversation.dropped == 4


def test_a_code_that_is_no_reply_is_dropped() -> None:
    conversation = connected()
    conversation.ask(TIME)
    assert told(conversation, [Packet(Command.GET_TIME, SESSION, 1)]) == []
    assert conversation.waiting


@pytest.mark.parametrize("code", [2001, 2005, 4989, 6001, 0xFFFF, 12_345])
def test_any_reply_that_says_no_is_an_answer(code: int) -> None:
    conversation = connected()
    conversation.ask(TIME)
    assert answers(told(conversation, [Packet(code, SESSION, 1)])) == [Reply(code, SESSION)]


def test_events_come_at_any_time_and_are_acknowledged() -> None:
    conversation = connected()
    event = Packet(ReplyCode.EVENT, 1, 0, b"body")
    acknowledgement = Packet(ReplyCode.OK, SESSION, 0).frame()
    expected = [Write(acknowledgement), Heard(1, b"body")]
    assert told(conversation, [event]) == expected
    conversation.ask(TIME)
    assert told(conversation, [event]) == expected
    assert conversation.waiting


def test_an_event_is_no_answer_even_when_its_number_is_that_of_the_request() -> None:
    conversation = Conversation(datagrams=False)
    conversation.ask(Ask(Command.CONNECT))
    events = told(conversation, [Packet(ReplyCode.EVENT, 1, 0, b"body")])
    assert answers(events) == []
    assert conversation.waiting


U16 = st.integers(0, 0xFFFF)
CODES = st.sampled_from([*ReplyCode, 201, 12_345])
SAID = st.builds(Packet, CODES, st.integers(0, 4), st.integers(0, 2), st.binary(max_size=12))


@given(st.lists(SAID, max_size=12), st.lists(st.integers(0, 3000), max_size=20))
def test_any_split_of_the_stream_gives_the_same_events(said: list[Packet], cuts: list[int]) -> None:
    stream = b"".join(each.frame() for each in said)
    edges = [0, *sorted(each % (len(stream) + 1) for each in cuts), len(stream)]
    whole, split = connected(), connected()
    whole.ask(READ)
    split.ask(READ)
    pieces = [stream[start:end] for start, end in pairwise(edges)]
    # Only how finely progress is told may differ.
    heard = [event for each in pieces for event in split.receive(each)]
    assert without_moves(heard) == without_moves(whole.receive(stream))
    assert (whole.waiting, whole.dropped) == (split.waiting, split.dropped)


def without_moves(events: list[Told]) -> list[object]:
    return [
        (event.error.code, event.error.details) if isinstance(event, Failed) else event
        for event in events
        if not isinstance(event, Moved)
    ]


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=60) | SAID, max_size=20), st.booleans())
def test_garbage_raises_nothing(said: list[bytes | Packet], datagrams: bool) -> None:
    conversation = connected(datagrams=datagrams)
    conversation.ask(READ)
    for each in said:
        conversation.receive(sent(each, conversation) if isinstance(each, Packet) else each)
        if not conversation.waiting and not conversation.lost:
            conversation.ask(READ)
