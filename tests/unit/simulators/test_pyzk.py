"""pyzk, a client that was written against real terminals, reads the simulator over TCP and UDP."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from zk import ZK
from zk.exception import ZKErrorResponse

from services.devices.simulators.faults import Fault
from tests.unit.simulators.conftest import until
from tests.unit.simulators.raw import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.devices.simulators.zk.server import ZkServer
    from tests.unit.simulators.conftest import Start


async def with_pyzk(
    server: ZkServer, work: Callable[[Any], Any], key: int = 0, udp: bool = False
) -> Any:
    """Connect in a thread, because pyzk blocks; do the work and say good-bye."""

    def blocking() -> Any:
        spec = server.device.spec
        options = {"timeout": 5, "password": key, "ommit_ping": True, "force_udp": udp}
        link = ZK(spec.host, server.port, **options, encoding=spec.encoding).connect()
        try:
            return work(link)
        finally:
            link.disconnect()

    return await asyncio.to_thread(blocking)


@pytest.mark.parametrize("key", [None, 0, 12, 123_456])
async def test_it_connects_with_the_right_key(start: Start, key: int | None) -> None:
    server = await start(key=key)
    serial = await with_pyzk(server, lambda link: link.get_serialnumber(), key or 0)
    assert serial == server.device.spec.serial


async def test_a_wrong_key_is_refused(start: Start) -> None:
    server = await start(key=12)
    with pytest.raises(ZKErrorResponse, match="Unauthenticated"):
        await with_pyzk(server, lambda _: None, key=13)


TRANSPORTS = pytest.mark.parametrize("udp", [False, True])


@TRANSPORTS
@pytest.mark.parametrize("width", [28, 72])
async def test_it_reads_the_users(start: Start, udp: bool, width: int) -> None:
    server = await start(users=70, user_width=width)
    users = await with_pyzk(server, lambda link: link.get_users(), udp=udp)
    length = 8 if width == 28 else 23
    assert [(user.uid, user.user_id, user.name, user.privilege, user.card) for user in users] == [
        (user.uid, user.user_id, user.name[:length].strip(), user.privilege, user.card)
        for user in server.device.users
    ]


@TRANSPORTS
async def test_it_reads_2000_punches_as_they_were_accepted(start: Start, udp: bool) -> None:
    server = await start(users=50, records=2000, zone="Asia/Jakarta")
    log = await with_pyzk(server, lambda link: link.get_attendance(), udp=udp)
    read = [(punch.user_id, punch.timestamp, punch.punch, punch.status) for punch in log]
    truth = server.device.truth.punches
    assert read == [(p.person, p.device_time, p.state, p.verify) for p in truth]
    assert len(read) == 2000
    assert len(set(read)) < len(read), "nobody punched twice in a second"


@TRANSPORTS
@pytest.mark.parametrize("profile", ["z40", "zem500", "zem300"])
async def test_it_reads_narrow_records(start: Start, udp: bool, profile: str) -> None:
    # Frames of 1 KB that come at once are more than pyzk can put together.
    fields = {"profile": profile, "transport": "both", "packet": 65_528}
    server = await start(users=50, records=200, **fields)
    log = await with_pyzk(server, lambda link: link.get_attendance(), udp=udp)
    truth = server.device.truth.punches
    assert [(p.user_id, p.timestamp) for p in log] == [(p.person, p.device_time) for p in truth]
    # pyzk takes the two bytes of the 16-byte form the other way round than its capture.
    turned = profile != "zem500"
    assert [(p.status, p.punch) for p in log] == [
        (p.state, p.verify) if turned else (p.verify, p.state) for p in truth
    ]


async def test_it_reads_at_the_pace_of_an_old_board(start: Start) -> None:
    server = await start(records=1700)
    await server.set_fault(Fault.SLOW)
    log = await with_pyzk(server, lambda link: link.get_attendance())
    assert [punch.user_id for punch in log] == [p.person for p in server.device.truth.punches]


async def test_it_reads_a_log_small_enough_to_come_at_once(start: Start) -> None:
    server = await start(users=2, records=3)
    log = await with_pyzk(server, lambda link: link.get_attendance())
    assert [punch.user_id for punch in log] == [p.person for p in server.device.truth.punches]


async def test_it_reads_what_the_terminal_is(start: Start) -> None:
    server = await start(users=7, records=2, zone="Asia/Jakarta", name="Gate")

    def ask(link: Any) -> tuple[Any, ...]:
        link.read_sizes()
        facts = (link.users, link.records, link.get_device_name(), link.get_platform())
        return (*facts, link.get_firmware_version(), link.get_time())

    users, records, name, platform, version, time = await with_pyzk(server, ask)
    assert (users, records, name, platform) == (7, 2, "Gate", "ZMM220_TFT")
    assert version.startswith("Ver 6.60")
    wall = datetime.now(ZoneInfo("Asia/Jakarta")).replace(tzinfo=None)  # noqa: TID251 - the true time
    assert abs(time - wall) < timedelta(seconds=5)


async def test_it_opens_the_door_and_sets_the_clock(start: Start) -> None:
    server = await start(zone="Europe/Berlin")

    def work(link: Any) -> Any:
        link.unlock(3)
        link.set_time(datetime.fromisoformat("2024-02-29T12:00:00"))
        return link.get_time()

    time = await with_pyzk(server, work)
    assert time - datetime.fromisoformat("2024-02-29T12:00:00") < timedelta(seconds=5)
    assert [unlock.delay for unlock in server.device.unlocks] == [30]


async def test_it_hears_a_live_punch(start: Start) -> None:
    server = await start(users=3)

    async def is_heard() -> bool:
        return server.registered > 0

    heard: asyncio.Queue[Any] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def listen(link: Any) -> None:
        for punch in link.live_capture(new_timeout=PATIENCE):
            loop.call_soon_threadsafe(heard.put_nowait, punch)
            link.end_live_capture = True

    async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
        tasks.create_task(with_pyzk(server, listen))
        await until(is_heard)
        truth = server.punch("1002", 1)
        punch = await heard.get()
    assert (punch.user_id, punch.uid, punch.timestamp, punch.punch, punch.status) == (
        "1002",
        2,
        truth.device_time,
        1,
        truth.verify,
    )
    assert server.counts.bad_checksums == server.counts.wrong_sessions == 0


async def test_it_clears_the_log_and_the_truth_stays(start: Start) -> None:
    server = await start(records=10)
    left = await with_pyzk(server, lambda link: (link.clear_attendance(), link.get_attendance())[1])
    assert left == []
    assert len(server.device.truth.punches) == 10
