"""The client's side of one connection: what to write, and what the bytes that come in mean.

Without any I/O: a link writes what it is given and hands over what it reads. One request is in
flight at a time; live events come at any time, also between the packets of a transfer.

What the device puts into the session slot differs by packet, so it is not compared blindly:

- in a plain reply the session id. Compared over UDP only, where a late packet of an earlier session
  may come; never in UNAUTHORIZED, which a restarted device says without knowing our session;
- in DATA after PREPARE_DATA the packet's number within the transfer, counted from 0 or on from the
  transfer before; in DATA without PREPARE_DATA the session id;
- in the OK that closes a transfer a result of the device's own;
- in an event the event's code.
"""

from typing import Final, NamedTuple

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.codec.packets import (
    FrameReader,
    FramingError,
    Packet,
    decode,
    foreign,
)
from services.devices.drivers.zk.messages import Command, ReplyCode
from services.devices.drivers.zk.protocol.procedure import Ask, Heard, Reply
from services.devices.drivers.zk.protocol.transfer import Transfer, TransferError
from shared.contracts.errors import Code

_OF_SESSION: Final = {ReplyCode.OK, ReplyCode.ERROR, ReplyCode.DATA}
"""Replies that carry the session id when they belong to no transfer."""
_NUMBERS: Final = 65_535
"""Reply numbers wrap from 65534 to 0: every library counts so, and so devices are used to it."""


class Answered(NamedTuple):
    """The request in flight has its answer; a transfer's is one DATA with all its bytes."""

    reply: Reply


class Failed(NamedTuple):
    """What came cannot be believed.

    PULL_INCOMPLETE ends the request in flight and the conversation goes on; with
    DEVICE_WRONG_PROTOCOL the conversation is ``lost``. It is told and not raised, because events
    that came in the same piece must not be lost with it.
    """

    error: DeviceError


class Write(NamedTuple):
    """Write this: the acknowledgement of an event."""

    data: bytes


class Moved(NamedTuple):
    """So many bytes of the answer in flight have come: the device is not silent."""

    size: int


Told = Answered | Failed | Heard | Write | Moved


class Conversation:
    """One session with one terminal, over TCP or, with ``datagrams``, over UDP.

    A packet with a wrong checksum is dropped and counted, as terminals do: a transfer that lacks
    it fails, a plain reply that lacks it does not come. So are packets that answer nothing in
    flight: the late reply of a request that was given up is never taken for the next one's.
    """

    def __init__(self, *, datagrams: bool) -> None:
        self._datagrams = datagrams
        self._reader = FrameReader()
        self._session = 0
        self._next_number = 0
        self._request: Packet | None = None
        self._transfer: Transfer | None = None
        self._expected: int | None = 0
        self._damaged = 0
        self.dropped = 0
        """Packets that answered nothing in flight."""
        self.lost = False
        """Whether the connection is out of step for good, or never was one of this dialect."""

    @property
    def waiting(self) -> bool:
        """Whether a request is in flight."""
        return self._request is not None

    @property
    def damaged(self) -> int:
        """Packets that were dropped for their checksum."""
        return self._damaged + self._reader.damaged

    def ask(self, ask: Ask) -> bytes:
        """Return what to write to make a request: a frame or a datagram.

        CONNECT begins a new session. Raises RuntimeError while another request is in flight.
        """
        if self._request is not None:
            msg = "another request is in flight"
            raise RuntimeError(msg)
        if ask.command == Command.CONNECT:
            self._session = self._next_number = 0
        self._request = Packet(ask.command, self._session, self._next_number, ask.data)
        self._next_number = (self._next_number + 1) % _NUMBERS
        return self._bytes(self._request)

    def again(self) -> bytes:
        """Return the request in flight once more, for a datagram that may have been lost."""
        if self._request is None:
            msg = "no request is in flight"
            raise RuntimeError(msg)
        return self._bytes(self._request)

    def forget(self) -> None:
        """Give up the request in flight; what still comes of it will be dropped."""
        self._end()

    def receive(self, data: bytes) -> list[Told]:
        """Take in a piece of the stream, of any size, or one datagram; never raises."""
        events: list[Told] = []
        if self.lost:
            return events
        try:
            if self._datagrams:
                self._take_datagram(data, events)
            else:
                self._take_stream(data, events)
        except FramingError as error:
            self.lost = True
            self._end()
            details = f"This is no ZKTeco terminal: {error}."
            events.append(Failed(DeviceError(Code.DEVICE_WRONG_PROTOCOL, details)))
        return events

    def _take_stream(self, data: bytes, events: list[Told]) -> None:
        self._reader.add(data)
        while (packet := self._reader.next()) is not None:
            self._take(packet, events)
        begun = self._reader.begun()
        if begun and self._request and begun.number == self._request.number and _carries(begun):
            # A packet of 64 kB takes its time on a slow line.
            events.append(Moved(len(data)))

    def _take_datagram(self, data: bytes, events: list[Told]) -> None:
        packet = decode(data)
        if packet is not None:
            self._take(packet, events)
            return
        if other := foreign(data):
            raise FramingError(other)
        self._damaged += 1

    def _take(self, packet: Packet, events: list[Told]) -> None:
        if packet.code == ReplyCode.EVENT:
            acknowledgement = Packet(ReplyCode.OK, self._session, 0)
            events.append(Write(self._bytes(acknowledgement)))
            events.append(Heard(packet.slot, packet.data))
            return
        if self._request is None or not self._answers(packet, self._request):
            self.dropped += 1
            return
        try:
            self._answer(packet, self._request, events)
        except TransferError as error:
            self._end()
            details = f"The device's answer does not add up: {error}."
            events.append(Failed(DeviceError(Code.PULL_INCOMPLETE, details)))

    def _answers(self, packet: Packet, request: Packet) -> bool:
        if packet.number != request.number:
            return False
        if packet.code < ReplyCode.OK and not _carries(packet):
            return False
        if self._datagrams and self._transfer is None and request.code != Command.CONNECT:
            return packet.code not in _OF_SESSION or packet.slot == self._session
        return True

    def _answer(self, packet: Packet, request: Packet, events: list[Told]) -> None:
        if packet.code == ReplyCode.PREPARE_DATA:
            self._announced(packet.data)
        elif packet.code == ReplyCode.DATA and self._transfer is not None:
            self._transfer.take(packet.slot, packet.data, ordered=not self._datagrams)
            events.append(Moved(len(packet.data)))
        else:
            events.append(Answered(self._reply(packet)))
            if request.code == Command.CONNECT:
                self._session = packet.slot
            self._request = self._transfer = None

    def _announced(self, data: bytes) -> None:
        if self._transfer is None:
            self._transfer = Transfer(data, self._expected)
        elif self._datagrams:
            self._transfer.announce(data)
        else:
            msg = "it begins twice"
            raise TransferError(msg)

    def _reply(self, packet: Packet) -> Reply:
        if self._transfer is None:
            return Reply(packet.code, packet.slot, packet.data)
        if packet.code != ReplyCode.OK:
            self._expected = None
            return Reply(packet.code, packet.slot, packet.data)
        whole = self._transfer.whole()
        self._expected = self._transfer.next_number
        return Reply(ReplyCode.DATA, packet.slot, whole)

    def _end(self) -> None:
        """End the request in flight without its answer: nobody knows how far the device counted."""
        self._expected = None
        self._request = self._transfer = None

    def _bytes(self, packet: Packet) -> bytes:
        return packet.encode() if self._datagrams else packet.frame()


def _carries(packet: Packet) -> bool:
    """Return whether a packet is of an answer that comes in parts."""
    return packet.code in {ReplyCode.PREPARE_DATA, ReplyCode.DATA}
