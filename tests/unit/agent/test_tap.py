"""What pyzk is given to read and write: whole frames, no events, nothing past a deadline."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.devices.agent.links.tap import DeadlineError, Tap, WrongProtocolError

Pair = tuple[Tap, socket.socket, list[bytes]]


def frame(command: int, session: int, body: bytes = b"") -> bytes:
    packet = struct.pack("<4H", command, 0, session, 0) + body
    return b"\x50\x50\x82\x7d" + struct.pack("<I", len(packet)) + packet


@pytest.fixture
def pair() -> Iterator[Pair]:
    listener = socket.create_server(("127.0.0.1", 0))
    near = socket.create_connection(listener.getsockname())
    far, _ = listener.accept()
    events: list[bytes] = []
    tap = Tap(near, events.append)
    tap.settimeout(2.0)
    far.settimeout(2.0)
    yield tap, far, events
    for each in (near, far, listener):
        each.close()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=8), st.integers(1, 30))
def test_any_split_gives_the_same_frames_and_events(kinds: list[bool], size: int) -> None:
    near, far = socket.socketpair()
    events: list[bytes] = []
    tap = Tap(near, events.append)
    frames = [
        frame(500, 1, bytes([number])) if event else frame(2000, 7, bytes([number]))
        for number, event in enumerate([*kinds, False])
    ]
    stream = b"".join(frames)
    far.sendall(b"".join(stream[at : at + size] for at in range(0, len(stream), size)))
    answers = [each for each, event in zip(frames, [*kinds, False], strict=True) if not event]
    assert [tap.recv(4096) for _ in answers] == answers
    assert events == [bytes([number]) for number, event in enumerate(kinds) if event]
    near.close()
    far.close()


def test_a_read_never_spans_two_frames(pair: Pair) -> None:
    tap, far, _ = pair
    far.sendall(frame(2000, 7, b"abc") + frame(2000, 7))
    assert len(tap.recv(10)) == 10
    assert len(tap.recv(4096)) == 9
    assert tap.recv(4096) == frame(2000, 7)


def test_each_event_is_acknowledged(pair: Pair) -> None:
    tap, far, events = pair
    far.sendall(frame(2000, 7) + frame(500, 1, b"punch") + frame(500, 4, b"enrolled"))
    tap.recv(4096)
    received = far.recv(4096)
    while len(received) < 32:
        received += far.recv(4096)
    command, _, session, number = struct.unpack_from("<4H", received, 8)
    assert (command, session, number) == (2000, 7, 0)
    assert events == [b"punch"], "only a punch is passed on"


def test_other_protocols_are_told_by_their_first_bytes(pair: Pair) -> None:
    tap, far, _ = pair
    far.sendall(b"\xaa\x01\x00")
    with pytest.raises(WrongProtocolError):
        tap.recv(16)


def test_a_peer_that_leaves_is_noticed(pair: Pair) -> None:
    tap, far, _ = pair
    far.close()
    with pytest.raises(ConnectionResetError):
        tap.recv(16)


def test_nothing_is_written_past_a_deadline(pair: Pair) -> None:
    tap, far, _ = pair
    tap.hurry(time.clock_gettime(time.CLOCK_BOOTTIME) - 0.001)
    with pytest.raises(DeadlineError):
        tap.send(frame(31, 7))
    far.settimeout(0.1)
    with pytest.raises(TimeoutError):
        far.recv(1)
    tap.relax()
    tap.send(frame(31, 7))
    far.settimeout(2.0)
    assert far.recv(64) == frame(31, 7), "the control: without a deadline it is written"


def test_however_a_hurried_process_ends_the_connection_is_reset(pair: Pair) -> None:
    tap, far, _ = pair
    tap.hurry(time.clock_gettime(time.CLOCK_BOOTTIME) + 5)
    tap.close()
    with pytest.raises(ConnectionResetError):
        far.recv(1)


def test_events_that_keep_coming_do_not_put_off_the_end(pair: Pair) -> None:
    tap, far, events = pair
    deadline = time.clock_gettime(time.CLOCK_BOOTTIME) + 0.3
    tap.hurry(deadline)

    def busy() -> None:
        while time.clock_gettime(time.CLOCK_BOOTTIME) < deadline + 5:
            far.sendall(frame(500, 1, b"punch"))
            tap.pump()

    with pytest.raises(TimeoutError):
        busy()
    assert events
    assert time.clock_gettime(time.CLOCK_BOOTTIME) < deadline + 1
