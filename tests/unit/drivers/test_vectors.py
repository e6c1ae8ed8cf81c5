"""Every vector of a real device decodes to its stated meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from services.devices.drivers.zk.codec import (
    keys,
    live,
    logs,
    options,
    packets,
    sizes,
    templates,
    times,
    users,
)
from services.devices.drivers.zk.codec.packets import FrameReader, Packet
from services.devices.drivers.zk.messages import (
    HEADER,
    MAGIC,
    PART,
    PREFIX,
    SELECT,
    TRANSFER,
    Command,
    ReplyCode,
)
from services.devices.drivers.zk.protocol.conversation import Conversation, Failed
from services.devices.drivers.zk.protocol.procedure import Heard
from services.devices.drivers.zk.protocol.transfer import Transfer
from tests.unit.drivers.made import BY_ID, VECTORS

Vector = dict[str, Any]
FRAMES = [each for each in VECTORS["frames"] if each["kind"] == "frame"]
SOUND = [each for each in FRAMES if each["checksum_ok"]]
OTHERS = [each for each in FRAMES if not each["checksum_ok"]]


def named(vectors: list[Vector]) -> list[Any]:
    return [pytest.param(each, id=each["id"]) for each in vectors]


def bytes_of(vector: Vector) -> bytes:
    return bytes.fromhex(vector["hex"])


def packet_of(vector: Vector) -> Packet:
    data = bytes_of(vector)
    if vector["transport"] != "tcp":
        packet = packets.decode(data)
    else:
        reader = FrameReader()
        reader.add(data)
        packet = reader.next()
    assert packet is not None
    return packet


def test_there_are_as_many_as_there_should_be() -> None:
    assert len(VECTORS["frames"]) == 90
    assert {each["id"] for each in OTHERS} == {
        "pyzk-19",
        "pyzk-24",
        "pyzk-67",
        "pyzk-71",
        "pyzk-72",
    }


@pytest.mark.parametrize("vector", named(SOUND))
def test_a_frame_is_what_it_is_and_is_written_back_the_same(vector: Vector) -> None:
    packet = packet_of(vector)
    decoded = vector["decoded"]
    assert packet.code == decoded["cmd"]
    assert packet.slot == int(decoded["sess"], 16)
    assert packet.number == decoded["reply"]
    written = packet.frame() if vector["transport"] == "tcp" else packet.encode()
    assert written == bytes_of(vector)


@pytest.mark.parametrize("name", ["pyzk-19", "pyzk-24", "pyzk-67", "pyzk-72"])
def test_a_frame_that_is_cut_off_is_waited_for(name: str) -> None:
    """What pyzk's tests feed it is shorter than its own length says."""
    data = bytes_of(BY_ID[name])
    magic, length = PREFIX.unpack_from(data)
    assert magic == MAGIC
    assert PREFIX.size + length > len(data)
    reader = FrameReader()
    reader.add(data)
    assert reader.next() is None
    begun = reader.begun()
    assert begun is not None
    assert begun.code == BY_ID[name]["decoded"]["cmd"]


@pytest.mark.parametrize("name", ["pyzk-19", "pyzk-24", "pyzk-67"])
def test_the_sizes_in_a_cut_off_frame_are_the_sizes(name: str) -> None:
    body = bytes_of(BY_ID[name])[PREFIX.size + 8 :]
    told = sizes.sizes(body)
    assert told is not None
    assert told.counts.users == 7
    assert told.counts.fingerprints == 6
    assert told.counts.records == 605
    assert told.capacity.records == 100_000


def test_an_event_without_a_frame_behind_a_frame_is_out_of_step() -> None:
    """pyzk's tests glue an inner packet to a frame; a stream has no such thing."""
    conversation = Conversation(datagrams=False)
    events = conversation.receive(bytes_of(BY_ID["pyzk-71"]))
    assert [type(each) for each in events] == [Failed]
    assert conversation.lost
    event = packets.decode(bytes_of(BY_ID["pyzk-71"])[-20:])
    assert event is not None
    assert event.code == ReplyCode.EVENT
    assert live.punch(event.data, {})[:2] == ("4822257", "2018-12-07T19:09:06")


def option(name: str, value: str) -> Callable[[Packet], bool]:
    return lambda packet: options.value_of(name, packet.data) == value


def asks(command: Command, data: bytes) -> Callable[[Packet], bool]:
    return lambda packet: (packet.code, packet.data) == (command, data)


def counts(users_: int, fingerprints: int, records: int) -> Callable[[Packet], bool]:
    def hold(packet: Packet) -> bool:
        told = sizes.sizes(packet.data)
        assert told is not None
        held = told.counts
        return (held.users, held.fingerprints, held.records) == (users_, fingerprints, records)

    return hold


def announces(size: int) -> Callable[[Packet], bool]:
    return lambda packet: (
        packet.code == ReplyCode.PREPARE_DATA
        and TRANSFER.unpack(packet.data)[0] == size
        and Transfer(packet.data, 0).next_number == 0
    )


MEANINGS: dict[str, Callable[[Packet], bool]] = {
    "zp-ck-1": asks(Command.OPTION_READ, options.asked("ZKFaceVersion")),
    "zp-platform-req": asks(Command.OPTION_READ, options.asked("~Platform")),
    "zp-lockon-wrq": asks(Command.OPTION_WRITE, options.written("LockOn", "5", "utf-8")),
    "zp-workcode-rep": option("WorkCode", "0"),
    "cf-ssr": option("~SSR", "1"),
    "cf-pin2": option("~PIN2Width", "9"),
    "cf-facefun": lambda packet: packet.code == ReplyCode.ERROR,
    "zp-state-rep": lambda packet: packet.slot == BY_ID["zp-state-rep"]["expect"]["state"],
    "wc-sizes2": asks(Command.SIZES, b""),
    "wc-prep-users": asks(Command.PREPARE_BUFFER, SELECT.pack(1, Command.USERS, 5, 0)),
    "wc-chunk2": asks(Command.READ_BUFFER, PART.pack(130_944, 65_472)),
    "wc-free": asks(Command.FREE_DATA, b""),
    "wc-exit": asks(Command.EXIT, b""),
    "pyzk-28": asks(Command.PREPARE_BUFFER, SELECT.pack(1, Command.USERS, 5, 0)),
    "pyzk-37": asks(Command.PREPARE_BUFFER, SELECT.pack(1, Command.USERS, 5, 0)),
    "pyzk-39": counts(70, 70, 3225),
    "pyzk-53": announces(1244),
    "pyzk-57": announces(1244),
    "pyzk-62": announces(1011),
    "nz19-1": announces(BY_ID["nz19-1"]["expect"]["size"]),
    "js7-prep": announces(BY_ID["js7-prep"]["expect"]["size"]),
    "pz41-2": lambda packet: len(packet.data) == 4 and sizes.sizes(packet.data) is None,
    "pz41-4": lambda packet: packet.code == ReplyCode.UNKNOWN,
}


@pytest.mark.parametrize("name", MEANINGS)
def test_a_frame_means_what_it_says(name: str) -> None:
    assert MEANINGS[name](packet_of(BY_ID[name]))


def test_a_live_score_is_heard() -> None:
    expect = BY_ID["zp-ev-fpftr"]["expect"]
    events = Conversation(datagrams=False).receive(bytes_of(BY_ID["zp-ev-fpftr"]))
    assert Heard(expect["event"], bytes([expect["score"]])) in events


def test_the_checksum_of_a_payload() -> None:
    vector = BY_ID["zp-ck-1"]
    data = bytes_of(vector)
    assert packets.checksum(data[:2] + b"\0\0" + data[4:]) == vector["expect"]["checksum_u16"]


def test_number_0_stands_in_the_slot_of_the_first_part() -> None:
    head = bytes_of(BY_ID["js7-data0"])
    code, _, slot, _ = HEADER.unpack(head)
    assert (code, slot) == (ReplyCode.DATA, BY_ID["js7-data0"]["expect"]["seq"])


def test_an_attendance_record_of_40_bytes() -> None:
    vector = BY_ID["zp-att40"]
    (entry,) = logs.records([bytes_of(vector)], "40", {})
    expect = vector["expect"]
    assert (entry.person, entry.device_time) == (expect["user_id"], expect["time"])
    assert (entry.verify, entry.state) == (expect["verify"], expect["state"])
    assert entry.raw.hex() == vector["hex"]


@pytest.mark.parametrize("name", ["pz99-att8b-1", "pz99-att8b-3"])
def test_an_attendance_record_of_8_bytes(name: str) -> None:
    vector = BY_ID[name]
    expect = vector["expect"]
    (entry,) = logs.records([bytes_of(vector)], "8b", {expect["uid"]: "4711"})
    assert (entry.person, entry.device_time) == ("4711", expect["time"])
    assert entry.raw[2] == expect["packed"]
    assert (entry.verify, entry.state) == (1, 0)
    assert entry.flags == ()


@pytest.mark.parametrize("name", ["js50-16b", "js50-16c"])
def test_an_attendance_record_of_16_bytes(name: str) -> None:
    vector = BY_ID[name]
    (entry,) = logs.records([bytes_of(vector)], "16", {})
    expect = vector["expect"]
    assert (entry.person, entry.device_time) == (str(expect["user"]), expect["time"])
    assert (entry.state, entry.verify) == (expect["b8"], expect["b9"])
    assert entry.work_code is None


def test_a_user_of_72_bytes() -> None:
    vector = BY_ID["zp-user72"]
    (user,) = users.users(bytes_of(vector), users.FORM_72)
    entry = user.entry("utf-8")
    expect = vector["expect"]
    assert (entry.uid, entry.user_id, entry.name) == (13, expect["user_id"], expect["name"])
    assert (entry.card, entry.group) == (expect["card"], expect["group"])
    assert (entry.privilege, entry.disabled, entry.has_password) == ("user", False, True)
    assert expect["password"] not in repr(user)


def test_the_rest_of_a_user_that_came_in_two_pieces() -> None:
    rest = bytes_of(BY_ID["pyzk-32"])
    (user,) = users.users(bytes(72 - len(rest)) + rest, users.FORM_72)
    assert user.user_id == "222222cb"


def test_the_head_of_a_template() -> None:
    head = bytes_of(BY_ID["zp-fptmp-head"])
    (found,) = templates.prints(head.ljust(0x04C4, b"\1"))
    assert (found.uid, found.finger, found.flag) == (14, 4, 1)
    assert found.data.startswith(bytes.fromhex("4dfd53533231"))
    assert len(found.data) == 0x04C4 - 6


def test_a_live_punch_of_32_bytes() -> None:
    vector = BY_ID["kr8-ev32"]
    entry = live.punch(bytes_of(vector), {})
    expect = vector["expect"]
    assert (entry.person, entry.device_time) == (expect["user_id"], expect["time"])
    assert (entry.verify, entry.state) == (expect["verify"], expect["state"])


def test_sizes_of_92_bytes() -> None:
    told = sizes.sizes(bytes_of(BY_ID["pz111-sizes"]))
    expect = BY_ID["pz111-sizes"]["expect"]
    assert told is not None
    held, room = told
    assert (held.users, held.fingerprints, held.records) == (3, 3, 58)
    assert (held.operations, held.admins, held.passwords) == (90, 2, 2)
    assert (room.fingerprints, room.users, room.records) == (
        expect["fp_cap"],
        expect["user_cap"],
        expect["rec_cap"],
    )


def test_sizes_of_80_bytes_lack_the_faces() -> None:
    told = sizes.sizes(bytes_of(BY_ID["pz170-sizes-fields"]))
    assert told is not None
    assert (told.counts.records, told.counts.operations, told.counts.faces) == (0, 373, None)


@pytest.mark.parametrize("vector", VECTORS["comm_key"])
def test_comm_keys(vector: Vector) -> None:
    made = keys.scrambled(vector["key"], int(vector["session"], 16), vector["tick"])
    assert made.hex() == vector["auth_data"]


@pytest.mark.parametrize("vector", VECTORS["time_codec"])
def test_times(vector: Vector) -> None:
    packed = int.from_bytes(bytes.fromhex(vector["le_hex"]), "little")
    assert packed == vector["u32"]
    assert times.unpack(packed) == (vector["time"].split(" ")[0], ())


@pytest.mark.parametrize("vector", VECTORS["sequence_slot_evidence"])
def test_numbers_of_parts_that_were_seen(vector: Vector) -> None:
    numbers = vector["session_slots"]
    if "..." in numbers:
        numbers = list(range(int(numbers[-1]) + 1))
    transfer = Transfer(TRANSFER.pack(len(numbers), 1024), 0)
    for number in numbers:
        transfer.take(number, b"x", ordered=True)
    assert transfer.whole() == b"x" * len(numbers)
    assert transfer.next_number == len(numbers)
