"""What pyzk is given to read and write: whole packets of its own, in order; nothing comes late."""

from __future__ import annotations

import collections
import socket
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.devices.agent.links import wire
from services.devices.agent.links.tap import Tap
from services.devices.agent.links.wire import SPARE_SECONDS
from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.codec.packets import Packet
from services.devices.drivers.zk.protocol.procedure import Heard
from shared.contracts.errors import Code

SESSION = 7
Pair = tuple[Tap, socket.socket, list[Heard]]


def answer(number: int, body: bytes = b"", code: int = 2000, slot: int = SESSION) -> bytes:
    return Packet(code, slot, number, body).frame()


def event(body: bytes, code: int = 1) -> bytes:
    return Packet(500, code, 0, body).frame()


def request(number: int) -> bytes:
    return Packet(31, SESSION, number).frame()


def boottime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.fixture
def pair() -> Iterator[Pair]:
    listener = socket.create_server(("127.0.0.1", 0))
    near = socket.create_connection(listener.getsockname())
    far, _ = listener.accept()
    events: list[Heard] = []
    tap = Tap(near, events.append)
    tap.settimeout(2.0)
    far.settimeout(2.0)
    yield tap, far, events
    for each in (near, far, listener):
        each.close()


def read(far: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += far.recv(size - len(data))
    return data


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=8), st.integers(1, 30))
def test_any_split_gives_the_same_packets_and_events(kinds: list[bool], size: int) -> None:
    near, far = socket.socketpair()
    events: list[Heard] = []
    tap = Tap(near, events.append)
    bodies = [bytes([number]) for number in range(len(kinds) + 1)]
    frames = [
        event(body) if live else answer(0, body)
        for body, live in zip(bodies, [*kinds, False], strict=True)
    ]
    stream = b"".join(frames)
    for at in range(0, len(stream), size):
        far.sendall(stream[at : at + size])
    answers = [each for each, live in zip(frames, [*kinds, False], strict=True) if not live]
    assert [tap.recv(4096) for _ in answers] == answers
    heard = [body for body, live in zip(bodies, [*kinds, False], strict=True) if live]
    assert events == [Heard(1, body) for body in heard]
    near.close()
    far.close()


def test_a_read_never_spans_two_packets(pair: Pair) -> None:
    tap, far, _ = pair
    far.sendall(answer(0, b"abc") + answer(0))
    assert len(tap.recv(10)) == 10
    assert len(tap.recv(4096)) == 9
    assert tap.recv(4096) == answer(0)


def test_each_event_is_acknowledged(pair: Pair) -> None:
    tap, far, events = pair
    far.sendall(answer(0) + event(b"punch") + event(b"enrolled", 8) + answer(0))
    assert tap.recv(4096) + tap.recv(4096) == answer(0) * 2
    assert read(far, 32) == Packet(2000, SESSION, 0).frame() * 2
    assert events == [Heard(1, b"punch"), Heard(8, b"enrolled")]


def test_the_late_answer_of_an_earlier_request_is_dropped(pair: Pair) -> None:
    tap, far, _ = pair
    tap.send(request(1))
    tap.send(request(2))
    far.sendall(answer(1, b"late") + answer(2, b"mine"))
    assert tap.recv(4096) == answer(2, b"mine")


def test_a_damaged_packet_is_dropped(pair: Pair) -> None:
    tap, far, _ = pair
    far.sendall(answer(0, b"damaged")[:-1] + b"?" + answer(0, b"sound"))
    assert tap.recv(4096) == answer(0, b"sound")


@pytest.mark.parametrize("numbers", [(0, 1, 3), (0, 2, 1), (4, 5, 5)])
def test_a_transfer_out_of_order_is_told(pair: Pair, numbers: tuple[int, ...]) -> None:
    tap, far, _ = pair
    far.sendall(b"".join(answer(0, b"part", 1501, number) for number in numbers))
    with pytest.raises(DeviceError) as failure:
        collections.deque((tap.recv(4096) for _ in numbers), maxlen=0)
    assert failure.value.code == Code.PULL_INCOMPLETE


def test_a_transfer_may_begin_at_any_number_and_wrap(pair: Pair) -> None:
    tap, far, _ = pair
    frames = [answer(0, b"part", 1501, number) for number in (65_534, 65_535, 0, 1)]
    far.sendall(b"".join(frames))
    assert [tap.recv(4096) for _ in frames] == frames


def test_a_datagram_is_read_whole(pair: Pair) -> None:
    far = socket.socket(type=socket.SOCK_DGRAM)
    far.bind(("127.0.0.1", 0))
    near = socket.socket(type=socket.SOCK_DGRAM)
    near.connect(far.getsockname())
    tap = Tap(near, lambda _: None)
    tap.settimeout(2.0)
    tap.sendto(Packet(1504, SESSION, 3).encode(), far.getsockname())
    data, peer = far.recvfrom(2048)
    assert data == Packet(1504, SESSION, 3).encode()
    far.sendto(b"noise", peer)
    far.sendto(Packet(1501, 0, 3, b"x" * 1024).encode(), peer)
    assert tap.recv(8) == Packet(1501, 0, 3, b"x" * 1024).encode()
    near.close()
    far.close()


@pytest.mark.parametrize("greeting", [b"\xaa\x01\x00", b"\x55\xaa\x00", b"SSH-2.0"])
def test_other_protocols_are_told_by_their_first_bytes(pair: Pair, greeting: bytes) -> None:
    tap, far, _ = pair
    far.sendall(greeting)
    with pytest.raises(DeviceError) as failure:
        tap.recv(16)
    assert failure.value.code == Code.DEVICE_WRONG_PROTOCOL


def test_a_peer_that_leaves_is_noticed(pair: Pair) -> None:
    tap, far, _ = pair
    far.close()
    with pytest.raises(DeviceError) as failure:
        tap.recv(16)
    assert failure.value.code == Code.DEVICE_UNREACHABLE


def test_a_peer_that_stays_silent_is_noticed(pair: Pair) -> None:
    tap, _, _ = pair
    tap.settimeout(0.05)
    with pytest.raises(DeviceError) as failure:
        tap.recv(16)
    assert failure.value.code == Code.DEVICE_NO_ANSWER


def test_nothing_is_written_too_near_a_deadline(pair: Pair) -> None:
    tap, far, _ = pair
    tap.hurry(boottime() + SPARE_SECONDS + 0.05)
    while boottime() < tap._deadline - SPARE_SECONDS:  # type: ignore[operator]
        pass
    with pytest.raises(DeviceError) as failure:
        tap.send(request(1))
    assert failure.value.code == Code.UNLOCK_EXPIRED
    far.settimeout(0.1)
    with pytest.raises(TimeoutError):
        far.recv(1)
    tap.relax()
    tap.send(request(2))
    far.settimeout(2.0)
    assert far.recv(64) == request(2), "the control: without a deadline it is written"


def test_however_a_hurried_process_ends_the_connection_is_reset(pair: Pair) -> None:
    tap, far, _ = pair
    tap.hurry(boottime() + SPARE_SECONDS + 5)
    tap.close()
    with pytest.raises(ConnectionResetError):
        far.recv(1)


def test_events_that_keep_coming_do_not_put_off_the_end(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    tap, far, events = pair
    monkeypatch.setattr(wire, "SPARE_SECONDS", 0.0)
    deadline = boottime() + 0.2
    tap.hurry(deadline)
    tap.send(request(1))

    def busy() -> None:
        while boottime() < deadline + 5:
            far.sendall(event(b"punch"))
            tap.pump()

    with pytest.raises(DeviceError) as failure:
        busy()
    assert failure.value.code == Code.DEVICE_NO_ANSWER
    assert events
    assert boottime() < deadline + 1
