"""The codec against captured frames, and against anything else."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.devices.simulators.zk import wire
from services.devices.simulators.zk.wire import FrameReader, Packet

if TYPE_CHECKING:
    from tests.unit.simulators.conftest import Vectors

U16 = st.integers(0, 0xFFFF)
PACKETS = st.builds(Packet, U16, U16, U16, st.binary(max_size=200))


def whole_frames(vectors: Vectors) -> list[dict[str, object]]:
    return [
        frame
        for frame in vectors["frames"]
        if frame["kind"] == "frame" and "truncated_frame" not in frame
    ]


def inner(frame: dict[str, object]) -> bytes:
    content = bytes.fromhex(str(frame["hex"]))
    return content[8:] if frame["transport"] == "tcp" else content


def test_every_captured_frame_has_the_meaning_and_checksum_that_was_noted(
    vectors: Vectors,
) -> None:
    frames = whole_frames(vectors)
    assert len(frames) > 60
    for frame in frames:
        packet = wire.decode(inner(frame))
        assert (packet is not None) is frame["checksum_ok"], frame["id"]
        if packet is not None:
            noted = frame["decoded"]
            assert isinstance(noted, dict)
            seen = {"cmd": packet.code, "sess": f"{packet.session:04x}", "reply": packet.reply}
            assert seen == noted, frame["id"]
            assert packet.encode() == inner(frame), frame["id"]


def test_captured_tcp_frames_in_one_stream_are_cut_where_they_were_joined(vectors: Vectors) -> None:
    frames = [f for f in whole_frames(vectors) if f["transport"] == "tcp" and f["checksum_ok"]]
    reader = FrameReader()
    stream = b"".join(bytes.fromhex(str(frame["hex"])) for frame in frames)
    assert [packet.frame() for packet in reader.feed(stream)] == [
        bytes.fromhex(str(frame["hex"])) for frame in frames
    ]
    assert not reader.lost


def test_comm_keys_are_those_of_the_vectors(vectors: Vectors) -> None:
    for vector in vectors["comm_key"]:
        session = int(vector["session"], 16)
        data = bytes.fromhex(vector["auth_data"])
        assert wire.key_bytes(vector["key"], session, vector["tick"]) == data
        assert wire.key_matches(data, vector["key"], session)


@given(st.integers(0, 0xFFFFFF), U16, st.integers(0, 255))
def test_a_key_is_proven_with_whatever_tick_the_client_chose(
    key: int, session: int, tick: int
) -> None:
    assert wire.key_matches(wire.key_bytes(key, session, tick), key, session)
    assert not wire.key_matches(wire.key_bytes(key, session, tick), key ^ 1, session)


@given(st.binary(max_size=8).filter(lambda data: len(data) != 4))
def test_a_proof_of_another_length_proves_nothing(data: bytes) -> None:
    assert not wire.key_matches(data, 0, 1)


def test_times_are_those_of_the_vectors(vectors: Vectors) -> None:
    for vector in vectors["time_codec"]:
        wall = datetime.fromisoformat(vector["time"].split(" ")[0])
        assert wire.decode_time(vector["u32"]) == wall
        assert vector["u32"].to_bytes(4, "little").hex() == vector["le_hex"]
        if wall.year < 2100:
            assert wire.encode_time(wall) == vector["u32"]


def test_the_31st_of_february_is_no_time() -> None:
    assert wire.decode_time(int.from_bytes(bytes.fromhex("80bb4a2e"), "little")) is None


@given(
    st.datetimes(
        datetime.fromisoformat("2000-01-01T00:00:00"), datetime.fromisoformat("2099-12-31T23:59:59")
    )
)
def test_a_time_comes_back(wall: datetime) -> None:
    whole = wall.replace(microsecond=0)
    assert wire.decode_time(wire.encode_time(whole)) == whole


@given(st.integers(0, 0xFFFFFFFF))
def test_no_number_is_too_wild_for_the_clock(number: int) -> None:
    wall = wire.decode_time(number)
    assert wall is None or wall.year >= 2000


@given(PACKETS)
def test_a_packet_comes_back(packet: Packet) -> None:
    assert wire.decode(packet.encode()) == packet


@given(PACKETS, st.data())
def test_one_changed_bit_is_noticed(packet: Packet, data: st.DataObject) -> None:
    body = bytearray(packet.encode())
    position = data.draw(st.integers(0, len(body) * 8 - 1))
    body[position // 8] ^= 1 << position % 8
    assert wire.decode(bytes(body)) is None


@given(st.lists(PACKETS, max_size=5), st.lists(st.integers(1, 40), min_size=1))
def test_any_split_of_a_stream_gives_the_same_packets(
    packets: list[Packet], sizes: list[int]
) -> None:
    stream = b"".join(packet.frame() for packet in packets)
    reader, seen, turn = FrameReader(), [], 0
    while stream:
        size = sizes[turn % len(sizes)]
        seen += reader.feed(stream[:size])
        stream, turn = stream[size:], turn + 1
    assert seen == packets
    assert (reader.lost, reader.bad_checksums) == (False, 0)


@given(st.lists(st.binary(max_size=60)))
def test_garbage_never_raises(pieces: list[bytes]) -> None:
    reader = FrameReader()
    for piece in pieces:
        reader.feed(piece)
        reader.feed(wire.MAGIC + piece)
    wire.decode(b"".join(pieces))


def test_a_magic_inside_the_data_is_data() -> None:
    packet = Packet(1501, 0, 7, wire.MAGIC * 3)
    assert FrameReader().feed(packet.frame() * 2) == [packet, packet]


@pytest.mark.parametrize("length", [0, 7, 65_536 + 17, 0xFFFFFFFF])
def test_an_impossible_length_loses_the_stream(length: int) -> None:
    reader = FrameReader()
    good = Packet(1000, 0, 0).frame()
    assert len(reader.feed(good + wire.MAGIC + length.to_bytes(4, "little") + good)) == 1
    assert reader.lost
