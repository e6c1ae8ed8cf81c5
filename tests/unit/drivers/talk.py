"""A conversation that is connected, and what a device says in it."""

from __future__ import annotations

from services.devices.drivers.zk.codec.packets import Packet
from services.devices.drivers.zk.messages import TRANSFER, Command, ReplyCode
from services.devices.drivers.zk.protocol.conversation import (
    Answered,
    Conversation,
    Failed,
    Told,
)
from services.devices.drivers.zk.protocol.procedure import Ask, Reply
from shared.contracts.errors import Code

SESSION = 0x45CF
READ = Ask(Command.READ_BUFFER, b"12345678")
TIME = Ask(Command.GET_TIME)


def connected(*, datagrams: bool = False) -> Conversation:
    conversation = Conversation(datagrams=datagrams)
    conversation.ask(Ask(Command.CONNECT))
    (answer,) = conversation.receive(sent(Packet(ReplyCode.OK, SESSION, 0), conversation))
    assert answer == Answered(Reply(ReplyCode.OK, SESSION))
    return conversation


def sent(packet: Packet, conversation: Conversation) -> bytes:
    return packet.encode() if conversation._datagrams else packet.frame()


def transfer(data: bytes, number: int, size: int = 4, first: int = 0) -> list[Packet]:
    """What a device sends for one chunk, closed by a value that is no session."""
    cut = [data[at : at + size] for at in range(0, len(data), size)]
    return [
        Packet(ReplyCode.PREPARE_DATA, SESSION, number, TRANSFER.pack(len(data), size)),
        *(Packet(ReplyCode.DATA, first + at, number, part) for at, part in enumerate(cut)),
        Packet(ReplyCode.OK, 0x007C, number),
    ]


def told(conversation: Conversation, packets: list[Packet]) -> list[Told]:
    return [event for each in packets for event in conversation.receive(sent(each, conversation))]


def answers(events: list[Told]) -> list[Reply]:
    return [event.reply for event in events if isinstance(event, Answered)]


def failures(events: list[Told]) -> list[Code]:
    return [event.error.code for event in events if isinstance(event, Failed)]
