"""Punches by phone: like any other, each of them one, and nobody else's."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from typing_extensions import override

from services.attendance.store import phones as store
from shared.contracts import catalog, streams, subjects
from shared.contracts.attendance import (
    AttendancePage,
    GetImage,
    ListAppLog,
    ListOwnLog,
    ListPunches,
    LoggedPunch,
    LogPage,
    PunchByApp,
    app_site,
)
from shared.contracts.deliveries import DeliveryNews
from shared.contracts.errors import Code
from shared.contracts.identity import object_id
from shared.kit.clock import SystemClock, new_id
from shared.kit.errors import MusterError
from tests.component.attendance.callers import Callers
from tests.component.attendance.conftest import (
    READ_AT,
    Archive,
    MakeBus,
    a_batch,
    a_record,
    eventually,
    running,
)
from tests.component.attendance.phones import Phone
from tests.component.attendance.test_custody import Handler
from tests.conftest import OTHER_OWNER, OWNER

JPEG = b"\xff\xd8\xff\xe0 a photo \x00\xff\xd9"


@pytest_asyncio.fixture(loop_scope="session")
async def phone(attendance: Archive, callers: Callers) -> Phone:
    return Phone(attendance, callers)


@pytest.fixture
def one_second(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """A clock that stands, so that every punch is of the same second."""
    moment = SystemClock().now().replace(microsecond=345_678)

    class Standing(SystemClock):
        @override
        def now(self) -> datetime:
            return moment

    monkeypatch.setattr("services.attendance.app.SystemClock", Standing)
    return moment


async def test_a_punch_by_phone_is_a_punch_like_any_other(phone: Phone) -> None:
    before = SystemClock().now()
    logged = await phone.punches(
        name="Ann\x00 Lee", event=4, latitude=33.25, longitude=-44.5, macs="aa:bb", device_name="P"
    )
    assert logged.punched_at is not None
    assert timedelta(milliseconds=-1) < logged.punched_at - before < timedelta(seconds=5)
    assert logged.punched_at.microsecond % 1000 == 0
    assert logged.device_time == logged.punched_at.strftime("%Y-%m-%dT%H:%M:%S")
    assert (logged.owner, logged.user_id, logged.name) == (OWNER, "121", "Ann Lee")
    assert (logged.event, logged.serial_number, logged.source) == (4, "App", "app")
    assert (logged.latitude, logged.longitude, logged.macs) == (33.25, -44.5, "aa:bb")
    assert (logged.device_name, logged.has_image) == ("P", False)
    assert (logged.is_send, logged.send_failed, logged.forwarded_at) == (False, False, None)
    (event,) = await phone.archive.recorded()
    assert (event.site, event.device_id, event.zone) == (app_site(OWNER), 0, "UTC")
    assert (event.source, event.serial_number, event.first_position) == ("app", "App", 1)
    (said,) = event.punches
    assert (said.id, said.event, said.in_out_state) == (logged.id, 4, 4)
    assert said.punched_at == logged.punched_at
    assert await phone.archive.version() == 1
    token = phone.callers.user(OWNER)
    page = await phone.asks(catalog.LIST_PUNCHES, ListPunches(), AttendancePage, token)
    (item,) = page.items
    assert (item.id, item.event, item.name, item.device_id) == (logged.id, 4, "Ann Lee", 0)


@pytest.mark.parametrize("guarded", [True, False])
async def test_punches_in_one_second_are_as_many_as_there_were(
    archive: Archive,
    callers: Callers,
    one_second: datetime,
    monkeypatch: pytest.MonkeyPatch,
    *,
    guarded: bool,
) -> None:
    """Twenty at once, at two replicas; the control does not count under the feed's lock."""
    if not guarded:

        async def none_yet(*_: object) -> int:
            return 0

        monkeypatch.setattr(store, "in_second", none_yet)
    phone = Phone(archive, callers)
    async with running(archive.service()), running(archive.service()):
        asked = [phone.punches(str(person)) for person in (7, 8) for _ in range(10)]
        made = await asyncio.gather(*asked, return_exceptions=True)
    rows = await archive.punches()
    if guarded:
        assert len({each.id for each in made if isinstance(each, LoggedPunch)}) == 20
        assert [row["position"] for row in rows] == list(range(1, 21))
        assert {row["punched_at"] for row in rows} == {one_second.replace(microsecond=345_000)}
    else:
        assert len(rows) == 2


@pytest.mark.usefixtures("one_second")
async def test_owners_and_people_see_their_own_only(archive: Archive, callers: Callers) -> None:
    """The same person in the same second at two owners: two punches, two ids."""
    async with running(archive.service()):
        await two_owners(Phone(archive, callers), Phone(archive, callers, OTHER_OWNER))


async def two_owners(phone: Phone, other: Phone) -> None:
    theirs = await other.punches("121", image=JPEG)
    mine = await phone.punches("121", image=JPEG)
    assert theirs.id != mine.id
    colleague = await phone.punches("122")
    assert [each.id for each in (await phone.own_log("121")).items] == [mine.id]
    assert [each.id for each in (await other.own_log("121")).items] == [theirs.id]
    assert {each.id for each in (await phone.app_log()).items} == {mine.id, colleague.id}
    assert [each.id for each in (await other.app_log()).items] == [theirs.id]
    assert await other.image(str(theirs.id)) == JPEG
    with pytest.raises(MusterError) as refused:
        await phone.image(str(theirs.id))
    assert refused.value.problem.code == Code.NOT_FOUND


async def test_the_photo_is_apart_and_found_by_either_id(phone: Phone) -> None:
    logged = await phone.punches(image=JPEG)
    assert logged.has_image
    assert await phone.image(object_id(logged.id)) == JPEG
    assert await phone.image(str(logged.id).upper()) == JPEG
    assert (await phone.app_log()).items[0].has_image
    for strange in ("", "x" * 24, object_id(logged.id)[:-1], str(new_id()), "0" * 24, "\x00" * 24):
        with pytest.raises(MusterError) as refused:
            await phone.image(strange)
        assert refused.value.problem.code == Code.NOT_FOUND
    await phone.archive.recorded()
    where = subjects.punch_recorded(app_site(OWNER), 0)
    said = await phone.archive.provisioner.js.get_last_msg(streams.RECORDED.name, where)
    assert b"photo" not in (said.data or b"")


async def test_who_may_ask_what(phone: Phone) -> None:
    user, employee = phone.callers.user(OWNER, "admin"), phone.callers.employee(OWNER, "1")
    for question, ask, token in (
        (catalog.PUNCH_BY_APP, PunchByApp(), user),
        (catalog.LIST_OWN_LOG, ListOwnLog(), user),
        (catalog.LIST_APP_LOG, ListAppLog(), employee),
        (catalog.GET_IMAGE, GetImage(punch_id="0" * 24), employee),
        (catalog.LIST_PUNCHES, ListPunches(), employee),
        (catalog.LIST_APP_LOG, ListAppLog(), phone.callers.user(OWNER)),
    ):
        with pytest.raises(MusterError) as refused:
            await phone.asks(question, ask, LogPage, token)
        assert refused.value.problem.code == Code.FORBIDDEN


async def test_an_own_log_is_of_every_device_and_filtered(phone: Phone) -> None:
    await phone.archive.hq.delivers(a_batch([a_record(n, "0121") for n in range(3)]))
    chosen = a_record(9, "121").model_copy(update={"state": None, "event": 7})
    await phone.archive.hq.delivers(a_batch([chosen], serial="SN2", device_id=2))
    await phone.archive.hq.delivers(a_batch([a_record(5, "99")]))
    by_phone = await phone.punches("121", event=7)
    page = await phone.own_log("121")
    assert page.total == 5
    assert [each.device_time[-2:] for each in page.items[1:]] == ["09", "02", "01", "00"]
    assert page.items[0].id == by_phone.id

    async def found(**ask: Any) -> list[str]:
        return [each.serial_number for each in (await phone.own_log("121", **ask)).items]

    assert await found(event=7) == ["App", "SN2"]
    assert await found(event=1) == ["SN1"]
    assert await found(event=10**30) == []
    assert await found(serial="App") == ["App"]
    assert await found(serial="A\x00pp") == ["App"]
    assert await found(is_send=True) == []
    assert len(await found(is_send=False)) == 5
    start = READ_AT.replace(hour=1, second=1, tzinfo=None)
    assert await found(start=start, end=start + timedelta(seconds=2)) == ["SN1", "SN1"]
    assert await found(page=2, limit=2) == ["SN1", "SN1"]
    assert await found(page=10**20) == []


async def test_a_phone_waits_for_its_delivery_and_no_longer(phone: Phone, bus_of: MakeBus) -> None:
    forwarder = await bus_of("forwarder")
    waits = asyncio.ensure_future(phone.punches(event=1, wait=10))

    async def made() -> bool:
        return bool(await phone.archive.punches())

    await eventually(made)
    (row,) = await phone.archive.punches()
    news = DeliveryNews(
        owner=OWNER,
        site=app_site(OWNER),
        delivery_id=new_id(),
        punch_ids=(row["id"],),
        status="delivered",
        attempt=1,
        at=READ_AT,
        response={"success": True, "forwarded": True},
    )
    await forwarder.publish(
        streams.DELIVERY,
        subjects.delivery(news.site, "log"),
        news.model_dump_json().encode(),
        message_id=str(new_id()),
    )
    async with asyncio.timeout(5):
        logged = await waits
    assert (logged.is_send, logged.send_failed, logged.forwarded_at) == (True, False, READ_AT)
    assert logged.forward_response == {"success": True, "forwarded": True}
    unheard = await phone.punches(event=1, wait=0.1)
    assert (unheard.is_send, unheard.send_failed) == (False, False)


async def test_what_is_committed_is_not_an_error(phone: Phone) -> None:
    """Nobody can tell caches; the phone that were told of a failure would punch again."""
    await phone.archive.provisioner.js.delete_stream("KV_VERSION")
    try:
        logged = await phone.punches(event=1)
    finally:
        await phone.archive.platform.servers.provision()
    (row,) = await phone.archive.punches()
    assert row["id"] == logged.id


@pytest.mark.parametrize(
    "lie",
    [
        {"site": app_site(OWNER), "device_id": 0},
        {"source": "app"},
        {"serial": "App\x00"},
        {"serial": app_site(OWNER)},
    ],
    ids=["site", "source", "serial", "identity"],
)
async def test_an_agent_never_speaks_for_phones(attendance: Archive, lie: dict[str, Any]) -> None:
    batch = a_batch([a_record(1)], **lie)
    if "site" in lie:
        # The broker lets no agent publish there; whoever could is refused all the same.
        handler = Handler(attendance, attendance.devices)
        with pytest.raises(MusterError) as refused:
            await handler.hear(batch)
        assert refused.value.problem.code == Code.FORBIDDEN
        await handler.close()
    else:
        await attendance.hq.sends(batch)
        assert (await attendance.dead())["muster-error"] == "FORBIDDEN"
    assert await attendance.punches() == []
