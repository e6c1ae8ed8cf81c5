"""The same over UDP: lost, doubled, reordered and late datagrams."""

from __future__ import annotations

import pytest

from services.devices.drivers.zk.codec.packets import Packet
from services.devices.drivers.zk.messages import ReplyCode
from services.devices.drivers.zk.protocol.procedure import Reply
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


def test_the_request_in_flight_once_more_is_the_same() -> None:
    conversation = connected(datagrams=True)
    assert conversation.ask(TIME) == conversation.again()
    conversation.forget()
    with pytest.raises(RuntimeError):
        conversation.again()


def test_datagrams_may_be_doubled_and_reordered() -> None:
    conversation = connected(datagrams=True)
    conversation.ask(READ)
    prepare, first, second, third, close = transfer(b"1234567890", 1)
    shuffled = [prepare, third, first, first, prepare, second, third, close, close, first]
    assert answers(told(conversation, shuffled)) == [Reply(ReplyCode.DATA, 0x7C, b"1234567890")]


@pytest.mark.parametrize("lost", range(5))
def test_a_lost_datagram_fails_the_transfer_or_leaves_it_waiting(lost: int) -> None:
    conversation = connected(datagrams=True)
    conversation.ask(READ)
    packets = transfer(b"1234567890", 1)
    del packets[lost]
    events = told(conversation, packets)
    assert answers(events) == []
    assert failures(events) == [Code.PULL_INCOMPLETE] * (lost in {1, 2, 3})


def test_two_parts_with_one_number_fail() -> None:
    conversation = connected(datagrams=True)
    conversation.ask(READ)
    prepare, first, second, *_ = transfer(b"1234567890", 1)
    events = told(conversation, [prepare, first, second._replace(slot=0)])
    assert failures(events) == [Code.PULL_INCOMPLETE]


def test_a_reply_of_another_session_is_dropped() -> None:
    conversation = connected(datagrams=True)
    conversation.ask(TIME)
    assert told(conversation, [Packet(ReplyCode.OK, SESSION ^ 1, 1)]) == []
    unauthorised = Packet(ReplyCode.UNAUTHORIZED, 0, 1)
    assert answers(told(conversation, [unauthorised])) == [Reply(ReplyCode.UNAUTHORIZED, 0)]


def test_a_datagram_with_a_wrong_sum_is_dropped_and_counted() -> None:
    conversation = connected(datagrams=True)
    conversation.ask(TIME)
    damaged = bytearray(Packet(ReplyCode.OK, SESSION, 1).encode())
    damaged[2] ^= 1
    assert conversation.receive(bytes(damaged)) == []
    assert conversation.damaged == 1
    assert conversation.waiting


def test_a_foreign_datagram_loses_the_conversation() -> None:
    conversation = connected(datagrams=True)
    conversation.ask(TIME)
    assert failures(conversation.receive(bytes.fromhex("aa01000055"))) == [
        Code.DEVICE_WRONG_PROTOCOL
    ]
    assert conversation.lost
