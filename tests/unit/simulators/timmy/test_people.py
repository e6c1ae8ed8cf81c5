"""People and their credentials: read, written, refused, deleted."""

from __future__ import annotations

from base64 import b64decode, b64encode
from io import BytesIO
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from services.devices.simulators.faults import Fault
from services.devices.simulators.timmy import photos, templates

if TYPE_CHECKING:
    from tests.unit.simulators.timmy.conftest import Connect
    from tests.unit.simulators.timmy.house import House

RANDOM = Random(1)  # noqa: S311 - invented data, no secret
FINGER = templates.written(templates.scan("thbio3.0", RANDOM))
NOBODY = {"result": False, "reason": 1, "msg": "can not find the user"}


def photo(width: int = 480, height: int = 640, comment: bytes = b"", quality: int = 75) -> str:
    file = BytesIO()
    Image.effect_noise((width, height), 40).save(file, "JPEG", quality=quality, comment=comment)
    return b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    ("slot", "record"), [(0, FINGER), (10, 12345678), (11, 4_000_000_000), (20, "ab12"), (50, None)]
)
async def test_what_is_written_can_be_read(
    house: House, connect: Connect, slot: int, record: object
) -> None:
    await connect()
    record = record or photo()
    person = {"enrollid": 7, "name": "Dara", "backupnum": slot, "admin": 1}
    assert (await house.ask("setuserinfo", **person, record=record))["result"] is True
    reply = await house.ask("getuserinfo", enrollid=7, backupnum=slot)
    assert reply == {"result": True, **person, "record": record}


async def test_a_written_credential_takes_the_place_of_another(
    house: House, connect: Connect
) -> None:
    await connect(users=0)
    for name, code in (("Dara", 11), ("Eko", 22)):
        await house.ask("setuserinfo", enrollid=7, name=name, backupnum=10, admin=0, record=code)
    reply = await house.ask("getuserinfo", enrollid=7, backupnum=10)
    assert (reply["name"], reply["record"]) == ("Eko", 22)
    assert (await house.ask("getuserlist", stn=True))["count"] == 1


async def test_a_profile_alone_is_somebody(house: House, connect: Connect) -> None:
    await connect(users=0)
    await house.ask("setuserinfo", enrollid=7, name="Dara", backupnum=0, admin=0, record="0")
    await house.ask("setusername", count=1, record=[{"enrollid": 8, "name": "Eko"}])
    listed = (await house.ask("getuserlist", stn=True))["record"]
    assert [(row["enrollid"], row["backupnum"]) for row in listed] == [(7, 0), (8, 0)]
    assert (await house.ask("getuserinfo", enrollid=8, backupnum=0))["record"] == "0"
    assert (await house.ask("getusername", enrollid=8))["record"] == "Eko"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"backupnum": 0, "record": "zz"}, 1),
        ({"backupnum": 0, "record": FINGER[:-2] + "00"}, 1),
        ({"backupnum": 0, "record": "c5(509)aa00"}, 1),
        ({"backupnum": 10, "record": 123456789}, 1),
        ({"backupnum": 10, "record": "9" * 5000}, 1),
        ({"backupnum": 12, "record": "1"}, 1),
        ({"backupnum": 20}, 1),
        ({"backupnum": 50, "record": "AAAA"}, 1),
        ({"backupnum": 50, "record": "not base64"}, 1),
        ({"enrollid": 0, "backupnum": 10, "record": 1}, 1),
        ({"enrollid": 99_999_999, "backupnum": 10, "record": 1}, 1),
        ({"enrollid": None, "backupnum": 10, "record": 1}, 1),
    ],
)
async def test_what_cannot_be_stored_is_refused(
    house: House, connect: Connect, fields: dict[str, Any], reason: int
) -> None:
    terminal = await connect(users=0)
    reply = await house.ask("setuserinfo", **{"enrollid": 7, "name": "Dara", **fields})
    assert (reply["result"], reply["reason"]) == (False, reason)
    assert reply["msg"]
    assert len(terminal.device.credentials) == 0


@pytest.mark.parametrize(
    ("width", "height", "comment", "reason"),
    [
        (480, 640, b"no face", 5),
        (480, 640, b"two faces", 6),
        (900, 900, b"", 7),
        (480, 640, b"face too large", 8),
        (480, 640, b"face too small", 9),
        (200, 300, b"", 10),
        (480, 640, b"off-centre", 11),
    ],
)
async def test_a_bad_photo_is_refused_with_its_reason(
    house: House, connect: Connect, width: int, height: int, comment: bytes, reason: int
) -> None:
    await connect()
    record = photo(width, height, comment, quality=20)
    reply = await house.ask("setuserinfo", enrollid=7, name="", backupnum=50, record=record)
    assert (reply["result"], reply["reason"]) == (False, reason)


async def test_a_photo_is_not_too_large_and_nobody_elses(house: House, connect: Connect) -> None:
    await connect()
    good = photo()
    body = {"name": "", "backupnum": 50, "admin": 0}
    heavy = photo(800, 1200, quality=100)
    assert (await house.ask("setuserinfo", **body, enrollid=7, record=heavy))["reason"] == 1
    prefixed = f"data:image/jpeg;base64,{good}"
    assert (await house.ask("setuserinfo", **body, enrollid=7, record=prefixed))["result"] is True
    assert (await house.ask("getuserinfo", enrollid=7, backupnum=50))["record"] == good
    assert (await house.ask("setuserinfo", **body, enrollid=8, record=good))["reason"] == 12
    assert (await house.ask("setuserinfo", **body, enrollid=7, record=good))["result"] is True


async def test_a_terminal_without_the_sensor_refuses(house: House, connect: Connect) -> None:
    await connect(family="a")
    reply = await house.ask("setuserinfo", enrollid=7, name="", backupnum=50, record=photo())
    assert reply == {"result": False, "reason": 1}
    reply = await house.ask("adduser", enrollid=7, backupnum=50, name="", admin=0, flag=10)
    assert reply == {"result": False, "reason": 1}


async def test_there_is_room_for_so_many(house: House, connect: Connect) -> None:
    await connect(users=2, capacity=3)
    answers = [
        await house.ask("setuserinfo", enrollid=enrollid, name="", backupnum=10, record=1)
        for enrollid in (5, 6, 5, 1001)
    ]
    assert [reply["result"] for reply in answers] == [True, False, True, True]


async def test_a_refusal_can_be_had(house: House, connect: Connect) -> None:
    terminal = await connect()
    await terminal.set_fault(Fault.REFUSE_USER, 12)
    reply = await house.ask("setuserinfo", enrollid=7, name="", backupnum=10, record=1)
    assert (reply["result"], reply["reason"]) == (False, 12)


@pytest.mark.parametrize(
    ("deletes", "code", "left"),
    [
        (13, 13, None),
        (12, 12, None),
        (0, 0, None),
        (12, 13, [0, 50]),
        (0, 13, [0, 50]),
        (13, 12, [10, 50]),
        (13, 50, [0, 10]),
    ],
)
async def test_a_deletion_means_what_the_firmware_says(
    house: House, connect: Connect, deletes: int, code: int, left: list[int] | None
) -> None:
    terminal = await connect(users=0, deletes=deletes)
    for slot, record in ((0, FINGER), (10, 7), (50, photo())):
        await house.ask("setuserinfo", enrollid=7, name="", backupnum=slot, record=record)
    assert (await house.ask("deleteuser", enrollid=7, backupnum=code))["result"] is True
    person = terminal.device.credentials.people.get(7)
    assert (sorted(person.records) if person else None) == left


async def test_who_is_not_there_cannot_be_deleted(house: House, connect: Connect) -> None:
    await connect()
    assert await house.ask("deleteuser", enrollid=5, backupnum=13) == NOBODY
    assert await house.ask("getuserinfo", enrollid=5, backupnum=0) == NOBODY
    assert (await house.ask("deleteuser", enrollid=1001, backupnum=50))["msg"] == "have no data"


async def test_without_a_slot_it_is_finger_0_or_the_profile(house: House, connect: Connect) -> None:
    await connect(family="a", templates=3)
    assert (await house.ask("getuserinfo", enrollid=1001))["backupnum"] == 0
    await connect(serial="AYSH29096497", family="b", templates=3)
    profile = await house.ask("getuserinfo", enrollid=1003)
    assert (profile["faceflag"], profile["fpcnt"], profile["enable"]) == (1, 0, 1)
    assert profile["card"] > 0
    await house.ask("enableuser", enrollid=1003, enflag=0)
    assert (await house.ask("getuserinfo", enrollid=1003))["enable"] == 0


async def test_everybody_can_be_demoted_and_forgotten(house: House, connect: Connect) -> None:
    terminal = await connect()
    await house.ask("cleanadmin")
    assert {person.admin for person in terminal.device.credentials.people.values()} == {0}
    await house.ask("cleanuser")
    assert (await house.ask("getuserlist", stn=True))["record"] == []


async def test_when_somebody_may_pass_is_kept(house: House, connect: Connect) -> None:
    await connect()
    row = {"enrollid": 1001, "weekzone": 3, "starttime": "2026-01-01 00:00:00"}
    await house.ask("setuserlock", count=1, record=[row])
    reply = await house.ask("getuserlock", enrollid=1001)
    assert reply == {"result": True, "group": 0, **row}


async def test_the_newest_dialect_has_names_of_its_own(house: House, connect: Connect) -> None:
    await connect(family="d", users=2)
    assert (await house.ask("getuserids"))["ids"] == [1001, 1002]
    assert (await house.ask("getunuserdid"))["enrollid"] == 1003
    assert (await house.ask("checkuserid", enrollid=5))["exists"] is False
    assert (await house.ask("getdevinfo"))["devinfo"]["volume"] == 6


@pytest.mark.parametrize("algorithm", ["thbio3.0", "thbio1.0"])
def test_templates_are_what_real_ones_are(algorithm: str) -> None:
    template = templates.scan(algorithm, RANDOM)
    text = templates.written(template)
    assert len(template) == {"thbio3.0": 810, "thbio1.0": 512}[algorithm]
    assert text.startswith("c5")
    assert "(" in text
    assert len(text) < 2 * len(template)
    assert templates.read(text, algorithm) == template
    if algorithm == "thbio3.0":
        assert int.from_bytes(template[-2:], "little") == sum(template[:-2]) & 0xFFFF


def test_the_camera_takes_photos_that_others_can_open() -> None:
    first, second = photos.taken(RANDOM), photos.taken(RANDOM)
    image = Image.open(BytesIO(b64decode(first)))
    image.load()
    assert (image.format, image.size, first != second) == ("JPEG", (480, 640), True)
    assert photos.judged(first) is None
