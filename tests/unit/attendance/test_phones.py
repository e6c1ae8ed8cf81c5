"""What a punch by phone is, and what is none."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.attendance.rules import batches, phones
from shared.contracts.attendance import PunchByApp, app_site
from shared.contracts.auth import Caller
from shared.contracts.identity import object_id
from shared.contracts.readings import PeopleRead, PunchBatch

OWNER, OTHER = "679a312fba856722da62098d", "690f78b6dcccc75fb6722fe2"
BATCH = UUID("00000000-0000-4000-8000-000000000002")
AT = datetime(2026, 3, 1, 12, 0, 5, 678_000, tzinfo=UTC)


def a_batch(owner: str = OWNER, ordinal: int = 0, **changes: Any) -> PunchBatch:
    caller = Caller(
        user_id=0,
        owner=owner,
        role="employee",
        email="",
        name="Ann",
        session="s",
        employee_id="6" * 24,
        enroll_id="0121",
    )
    batch = phones.batch_of(PunchByApp(event=2), caller, BATCH, AT, ordinal)
    return batch.model_copy(update=changes)


def test_it_happened_when_it_was_heard_to_the_millisecond() -> None:
    batch = a_batch()
    (fresh,) = batches.decide(batch, batches.identities(batch), set(), 4).fresh
    punch = fresh.punch
    assert (punch.punched_at, punch.device_time) == (AT, "2026-03-01T12:00:05")
    assert (punch.user_id, punch.event, punch.in_out_state) == ("121", 2, 2)
    assert (punch.position, punch.flags) == (5, ())


def test_two_in_a_second_are_two_and_owners_phones_are_different_devices() -> None:
    made = [a_batch(), a_batch(ordinal=1), a_batch(OTHER)]
    assert len({batches.identities(each)[0] for each in made}) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"site": "hq", "source": "live", "device_id": 1},
        {"site": "hq", "serial": "SN1", "device_id": 1},
        {"source": "live", "serial": "SN1", "device_id": 1},
        {"site": "hq", "source": "live", "serial": " App\x00", "device_id": 1},
        {"site": "hq", "source": "live", "serial": app_site(OTHER), "device_id": 1},
        {"site": "hq", "source": "live", "serial": "SN1", "device_id": 0},
    ],
)
def test_whatever_could_pass_for_a_punch_by_phone_is_taken_for_one(changes: dict[str, Any]) -> None:
    assert phones.are_phones(a_batch(**changes))


def test_devices_are_no_phones() -> None:
    assert not phones.are_phones(a_batch(site="hq", source="live", serial="SN1", device_id=1))
    named = PeopleRead(owner=OWNER, site="hq", device_id=1, read_at=AT, people=())
    assert not phones.are_phones(named)
    assert phones.are_phones(named.model_copy(update={"site": app_site(OWNER)}))
    assert phones.are_phones(named.model_copy(update={"device_id": 0}))


def test_a_name_is_kept_where_there_is_one() -> None:
    assert batches.names_of(phones.name_of(a_batch(), "Ann\x00")) == {"121": "Ann"}
    assert batches.names_of(phones.name_of(a_batch(), "")) == {}


def test_an_id_is_found_by_all_or_the_first_24_of_its_digits() -> None:
    assert phones.span_of(str(BATCH)) == (BATCH, BATCH)
    low, high = phones.span_of(object_id(BATCH)) or (None, None)
    assert low is not None
    assert high is not None
    assert low <= BATCH <= high
    assert (low.int ^ high.int) == 2**32 - 1


@pytest.mark.parametrize(
    "strange", ["", "0" * 23, "0" * 25, "0" * 32, "g" * 24, f"{{{BATCH}}}", f"{BATCH}\n", "٤" * 24]
)
def test_what_is_no_id_stands_for_nothing(strange: str) -> None:
    assert phones.span_of(strange) is None
