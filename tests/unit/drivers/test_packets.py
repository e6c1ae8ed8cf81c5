"""Packets and frames: identity, any split, any garbage."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.devices.drivers.zk.codec import packets
from services.devices.drivers.zk.codec.packets import FrameReader, FramingError, Packet
from services.devices.drivers.zk.messages import MAGIC, MAX_PACKET, PREFIX

U16 = st.integers(0, 0xFFFF)
PACKETS = st.builds(Packet, U16, U16, U16, st.binary(max_size=200))


def slow_checksum(blank: bytes) -> int:
    """The sum as its definition has it, word by word."""
    padded = blank + b"\0" * (len(blank) % 2)
    total = 0
    for at in range(0, len(padded), 2):
        total += int.from_bytes(padded[at : at + 2], "little")
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def cut(stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(each % (len(stream) + 1) for each in cuts), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


def read_all(reader: FrameReader) -> list[Packet]:
    found = []
    while (packet := reader.next()) is not None:
        found.append(packet)
    return found


@given(st.binary(max_size=400))
def test_the_checksum_is_the_one_of_the_definition(blank: bytes) -> None:
    assert packets.checksum(blank) == slow_checksum(blank)


@given(PACKETS)
def test_what_is_written_is_read_back(packet: Packet) -> None:
    assert packets.decode(packet.encode()) == packet


@given(PACKETS, st.data())
def test_a_flipped_bit_is_noticed(packet: Packet, data: st.DataObject) -> None:
    encoded = bytearray(packet.encode())
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= 1 << data.draw(st.integers(0, 7))
    assert packets.decode(bytes(encoded)) is None


@given(st.lists(PACKETS, max_size=5), st.lists(st.integers(0, 2000), max_size=12))
def test_any_split_of_a_stream_gives_the_same_packets(sent: list[Packet], cuts: list[int]) -> None:
    reader = FrameReader()
    read: list[Packet] = []
    for piece in cut(b"".join(each.frame() for each in sent), cuts):
        reader.add(piece)
        read += read_all(reader)
    assert read == sent
    assert reader.begun() is None


@given(st.binary(max_size=300))
def test_garbage_is_no_packet_or_an_error_and_nothing_else(garbage: bytes) -> None:
    packets.decode(garbage)
    reader = FrameReader()
    reader.add(garbage)
    try:
        read_all(reader)
    except FramingError:
        return
    assert MAGIC.startswith(garbage[:4])


def test_a_frame_with_a_wrong_sum_is_dropped_and_the_next_one_read() -> None:
    good = Packet(2000, 7, 1, b"abc")
    bad = bytearray(good.frame())
    bad[-1] ^= 1
    reader = FrameReader()
    reader.add(bytes(bad) + good.frame())
    assert read_all(reader) == [good]
    assert reader.damaged == 1


@pytest.mark.parametrize("length", [0, 7, MAX_PACKET + 1, 2**32 - 1])
def test_an_impossible_length_is_an_error(length: int) -> None:
    reader = FrameReader()
    reader.add(PREFIX.pack(MAGIC, length))
    with pytest.raises(FramingError):
        reader.next()


@pytest.mark.parametrize(
    ("first", "who"), [("aa01", "C3"), ("55aa", "ZT1200"), ("474554", "47 45")]
)
def test_who_speaks_another_protocol_is_named(first: str, who: str) -> None:
    reader = FrameReader()
    reader.add(bytes.fromhex(first))
    with pytest.raises(FramingError, match=who):
        reader.next()
