"""What does not belong here goes to the dead letters; what is only early is tried again."""

from __future__ import annotations

import pytest

from shared.contracts import streams, subjects
from shared.contracts.readings import PeopleRead, Person
from shared.kit.buckets import Bucket
from shared.kit.clock import new_id
from tests.component.attendance.conftest import (
    READ_AT,
    Archive,
    a_batch,
    a_record,
    eventually,
    running,
)
from tests.conftest import OTHER_OWNER, OWNER


@pytest.mark.parametrize(
    "lie",
    [{"owner": OTHER_OWNER}, {"site": "annex"}, {"site": "other", "owner": OTHER_OWNER}],
    ids=["another owner's", "another site's", "another owner's site's"],
)
async def test_a_batch_that_claims_to_be_anothers_is_a_dead_letter(
    attendance: Archive, lie: dict[str, str]
) -> None:
    batch = a_batch([a_record(1)], **lie)
    await attendance.hq.sends(batch)
    headers = await attendance.dead()
    assert headers["muster-subject"] == "evt.hq.punch.read.v1.1"
    assert headers["muster-error"] in {"FORBIDDEN", "VALIDATION_ERROR"}
    await attendance.hq.delivers(a_batch([a_record(2)]))
    assert len(await attendance.punches()) == 1
    assert attendance.hq.of(batch) == []


async def test_a_batch_of_another_device_is_a_dead_letter(attendance: Archive) -> None:
    batch = a_batch([a_record(1)], device_id=2)
    await attendance.hq.sends_raw(batch.model_dump_json().encode(), device=1)
    await attendance.dead()
    assert await attendance.punches() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"batch_id": "x"}', b"\xff\xfe", b"1"])
async def test_a_body_that_is_no_batch_is_a_dead_letter_and_stops_nobody(
    attendance: Archive, body: bytes
) -> None:
    await attendance.hq.sends_raw(body)
    await attendance.hq.delivers(a_batch([a_record(1)]))
    headers = await attendance.dead()
    assert headers["muster-error"] == "VALIDATION_ERROR"
    where = subjects.dead_letter("PUNCH", "attendance")
    kept = await attendance.provisioner.js.get_last_msg(streams.DLQ.name, where)
    assert (kept.data or b"") == body


async def test_one_bad_record_takes_its_batch_along_but_not_to_nowhere(
    attendance: Archive,
) -> None:
    """An agent never sends half a record; should one do so, all of its bytes are kept."""
    good = a_batch([a_record(1), a_record(2)]).model_dump_json()
    await attendance.hq.sends_raw(good.replace("2026-03-01T08:00:02", "yesterday").encode())
    await attendance.dead()
    assert await attendance.punches() == []


async def test_the_strangest_text_is_stored(attendance: Archive) -> None:
    record = a_record(1).model_copy(
        update={
            "person": "محمد\x00rest",
            "work_code": "a\x00b",
            "flags": ("x\x00",),
            "device_time": "2026-02-31T25:00:00",
            "raw": bytes(range(256)),
        }
    )
    batch = a_batch([record], serial="SN\x00", zone="No/Where\x00")
    receipt = await attendance.hq.delivers(batch)
    assert receipt.recorded == 1
    (row,) = await attendance.punches()
    assert (row["user_id"], row["work_code"], row["serial_number"]) == ("محمد", "ab", "SN")
    assert (row["punched_at"], row["flags"]) == (None, ["x", "unknown_zone"])
    assert row["raw"] == bytes(range(256))
    assert row["device_time"] == "2026-02-31T25:00:00"


@pytest.mark.parametrize("entry", [None, b"", b"not json", b'{"name": "HQ"}'])
async def test_a_site_nobody_spoke_for_yet_is_waited_for(
    archive: Archive, entry: bytes | None
) -> None:
    if entry is None:
        await archive.provisioner.js.purge_stream(streams.SITE.stream)
    else:
        await Bucket(archive.devices, streams.SITE).put("hq", entry)
    batch = a_batch([a_record(1)])
    async with running(archive.service()):
        await archive.hq.sends(batch)

        async def tried_again() -> bool:
            info = await archive.provisioner.js.consumer_info("PUNCH", "attendance")
            return bool(info.num_redelivered)

        await eventually(tried_again)
        assert await archive.punches() == []
        await archive.put_site("hq", OWNER)
        await archive.hq.receipt(batch)
    assert await archive.messages(streams.DLQ) == 0
    assert len(await archive.punches()) == 1


async def test_an_entry_removed_by_hand_is_none(archive: Archive) -> None:
    """As ``nats kv del`` does it: a marker takes the value's place."""
    await archive.devices.publish(
        streams.of_bucket(streams.SITE),
        streams.SITE.subject("hq"),
        b"",
        message_id=str(new_id()),
        headers={"KV-Operation": "DEL"},
    )
    assert await Bucket(archive.devices, streams.SITE).get("hq") is None


async def test_names_of_another_owner_are_refused(attendance: Archive) -> None:
    read = PeopleRead(
        owner=OTHER_OWNER,
        site="hq",
        device_id=1,
        read_at=READ_AT,
        people=(Person(user_id="1", name="Nobody"),),
    )
    await attendance.devices.publish(
        streams.PEOPLE,
        subjects.people_read("hq", 1),
        read.model_dump_json().encode(),
        message_id=str(new_id()),
    )

    async def buried() -> bool:
        return await attendance.messages(streams.DLQ) == 1

    await eventually(buried)
    assert await attendance.rows("select * from attendance.people") == []
