"""Every action does to the device what it says, by every way to speak to it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from pydantic import SecretBytes, SecretStr

from services.devices.agent.links.base import Link
from services.devices.simulators.faults import Fault
from services.devices.simulators.zk.codes import Command
from services.devices.simulators.zk.server import ZkServer
from shared.contracts.actions import (
    Action,
    ClearLog,
    Clock,
    Count,
    DeleteUser,
    Done,
    Enroll,
    Enrolled,
    Info,
    OptionRead,
    PowerOff,
    PutUser,
    ReadInfo,
    ReadLog,
    ReadOption,
    ReadTemplates,
    ReadTime,
    ReadUsers,
    Restart,
    Result,
    SetTime,
    UserDone,
    WriteOption,
    WriteTemplates,
)
from shared.contracts.errors import Code
from shared.contracts.operations import Progress
from shared.contracts.readings import Template
from tests.component.links.conftest import CLOCK, Site, Way, failure_of, read, tell_nobody, until


async def do(link: Link, action: Action) -> Result:
    return await link.do(action, tell_nobody)


async def test_info_is_what_the_device_is_and_holds(site: Site, way: Way) -> None:
    server = await site.terminal(records=123, users=7, templates=3, drift=90)
    info = await do(await site.opened(server, way), ReadInfo())
    assert isinstance(info, Info)
    assert info.counts is not None
    assert info.capacity is not None
    assert (info.serial, info.firmware, info.platform, info.device_name) == (
        server.device.spec.serial,
        server.device.spec.firmware,
        "ZMM220_TFT",
        "Front door",
    )
    assert (info.counts.users, info.counts.fingerprints, info.counts.records) == (7, 3, 123)
    assert info.capacity.records == 1_000_000
    assert info.drift_ms is not None
    assert abs(info.drift_ms - 90_000) < 1500


async def test_counts_that_are_not_told_are_not_zero(site: Site, way: Way) -> None:
    link = await site.opened(await site.terminal(profile="wl10", records=10), way)
    info = await do(link, ReadInfo())
    assert isinstance(info, Info)
    assert info.counts is None


async def test_the_clock_is_read_and_set(site: Site, way: Way) -> None:
    server = await site.terminal(drift=3600)
    link = await site.opened(server, way)
    told = await do(link, ReadTime())
    assert isinstance(told, Clock)
    assert told.drift_ms is not None
    assert abs(told.drift_ms - 3_600_000) < 1500
    await do(link, SetTime())
    true = CLOCK.now().astimezone(server.device.wall_clock.zone).replace(tzinfo=None)
    assert abs(server.device.wall_clock.shown() - true) < timedelta(seconds=2)


@pytest.mark.parametrize("fault", [Fault.NONE, Fault.MUTE_RESTART])
async def test_a_restart_is_done_whether_it_is_acknowledged_or_not(
    site: Site, way: Way, fault: Fault
) -> None:
    server = await site.terminal()
    link = await site.opened(server, way)
    await server.set_fault(fault)
    booted = len(server.device.operations)
    assert await do(link, Restart()) == Done()
    await until(lambda: len(server.device.operations) > booted)


async def test_a_device_is_switched_off(site: Site, way: Way) -> None:
    server = await site.terminal()
    assert await do(await site.opened(server, way), PowerOff()) == Done()
    await until(lambda: not server.device.powered)


# ── people ───────────────────────────────────────────────────────────────────


async def test_a_person_is_added_changed_and_deleted(site: Site, way: Way) -> None:
    server = await site.terminal(users=5)
    link = await site.opened(server, way)
    others = server.device.users
    new = PutUser(
        user_id="777",
        create=True,
        name="Lina Ostrava",
        privilege="manager",
        password=SecretStr("1234"),
        card=4_000_000_000,
        group=3,
    )
    added = await do(link, new)
    assert added == UserDone(
        user_id="777",
        name="Lina Ostrava",
        privilege="manager",
        disabled=False,
        card=4_000_000_000,
        group=3,
        has_password=True,
    )
    await do(link, PutUser(user_id="777", create=False, disabled=True))
    there = server.device.people.find("777")
    assert there is not None
    assert (there.privilege, there.password, there.group) == (7, "1234", 3), "the rest stays"
    assert await do(link, DeleteUser(user_id="777")) == Done()
    assert server.device.users == others


async def test_nobody_is_written_over_another(site: Site, way: Way) -> None:
    server = await site.terminal(users=3)
    link = await site.opened(server, way)
    before = server.device.users
    taken = PutUser(user_id=before[0].user_id, create=True, name="Somebody Else")
    assert (await failure_of(do(link, taken))).code == Code.USER_TAKEN
    unknown = PutUser(user_id="999", create=False, name="Nobody")
    assert (await failure_of(do(link, unknown))).code == Code.NOT_FOUND
    assert (await failure_of(do(link, DeleteUser(user_id="999")))).code == Code.NOT_FOUND
    assert server.device.users == before


async def test_a_slot_that_became_free_is_used_again(site: Site, way: Way) -> None:
    server = await site.terminal(users=4)
    link = await site.opened(server, way)
    second = server.device.users[1]
    await do(link, DeleteUser(user_id=second.user_id))
    await do(link, PutUser(user_id="555", create=True, name="Next One"))
    assert [user.user_id for user in server.device.users][1] == "555"
    assert len(server.device.users) == 4


# ── fingers ──────────────────────────────────────────────────────────────────


async def test_templates_are_copied_from_device_to_device(site: Site, way: Way) -> None:
    source, target = await site.terminal(templates=25), await site.terminal()
    user_id = source.device.users[0].user_id
    templates = (await (await site.opened(source, way)).templates(user_id)).templates
    assert len(templates) == 2
    link = await site.opened(target, way)
    wanted = WriteTemplates(user_id=user_id, templates=templates)
    assert await do(link, wanted) == Count(count=2)
    assert len(target.device.fingers) == 2
    assert (await link.templates(user_id)).templates == templates


async def test_templates_of_a_stranger_are_not_written(site: Site, way: Way) -> None:
    server = await site.terminal()
    one = Template(user_id="999", finger=0, data=SecretBytes(b"x" * 600))
    wanted = WriteTemplates(user_id="999", templates=(one,))
    link = await site.opened(server, way)
    assert (await failure_of(do(link, wanted))).code == Code.NOT_FOUND
    assert len(server.device.fingers) == 0


async def test_a_finger_is_enrolled_and_progress_told(site: Site, way: Way) -> None:
    server = await site.terminal()
    link = await site.opened(server, way)
    await link.listen()
    person = server.device.users[2]
    told: list[Progress] = []

    async def tell(progress: Progress) -> None:
        told.append(progress)

    enrolled = await link.do(Enroll(user_id=person.user_id, finger=6), tell)
    template = server.device.fingers.find(person.uid, 6)
    assert template is not None
    assert enrolled == Enrolled(user_id=person.user_id, finger=6, size=len(template.content))
    assert [(each.done, each.total) for each in told] == [(1, 3), (2, 3), (3, 3)]
    server.punch(person.user_id, 0)
    assert await link.event(), "live punches go on"


@pytest.mark.parametrize("enrols", ["fail", "duplicate"])
async def test_a_finger_that_cannot_be_enrolled_is_told(site: Site, way: Way, enrols: str) -> None:
    server = await site.terminal(enrols=enrols)
    link = await site.opened(server, way)
    wanted = Enroll(user_id=server.device.users[0].user_id, finger=0)
    assert (await failure_of(do(link, wanted))).code == Code.ENROLMENT_FAILED
    assert server.device.enrolment is None
    assert await link.clock() is not None


# ── options, and what is not for here ────────────────────────────────────────


async def test_an_option_is_read_and_written(site: Site, way: Way) -> None:
    server = await site.terminal()
    link = await site.opened(server, way)
    assert await do(link, ReadOption(name="LockOn")) == OptionRead(name="LockOn", value="5")
    changed = OptionRead(name="LockOn", value="9")
    assert await do(link, WriteOption(name="LockOn", value="9")) == changed
    assert server.firmware.options["LockOn"] == "9"
    assert (await failure_of(do(link, ReadOption(name="NoSuch")))).code == Code.NOT_FOUND


async def test_what_needs_more_than_the_wire_is_not_supported(site: Site, way: Way) -> None:
    link = await site.opened(await site.terminal(), way)
    for action in (ReadLog(), ClearLog(), ReadUsers(), ReadTemplates()):
        assert (await failure_of(do(link, action))).code == Code.NOT_SUPPORTED


# ── clearing ─────────────────────────────────────────────────────────────────


async def test_a_log_that_is_still_the_same_is_cleared(site: Site, way: Way) -> None:
    server = await site.terminal(records=2000)
    link = await site.opened(server, way)
    table, _ = await read(link)
    cleared = await link.clear_log(table)
    assert (cleared.records, cleared.noted) == (2000, True)
    assert (server.device.truth.log_size, server.device.enabled) == (0, True)


async def test_a_log_that_grew_is_not_cleared(site: Site, way: Way, asked: Counter[int]) -> None:
    server = await site.terminal(records=2000)
    link = await site.opened(server, way)
    table, _ = await read(link)
    server.punch("1001", 0)
    assert (await failure_of(link.clear_log(table))).code == Code.LOG_NOT_QUIET
    assert asked[Command.CLEAR_ATTENDANCE] == 0
    assert (server.device.truth.log_size, server.device.enabled) == (2001, True)


async def test_nobody_punches_while_a_log_is_looked_at_for_the_last_time(
    site: Site, way: Way
) -> None:
    server = await site.terminal(records=2000)
    link = await site.opened(server, way)
    table, _ = await read(link)
    await server.set_fault(Fault.COUNT_RACE)
    assert (await link.clear_log(table)).records == 2000
    assert len(server.device.truth.punches) == 2000, "the device was disabled"


async def test_a_connection_lost_in_the_clearing_leaves_the_log_and_the_device_enabled(
    site: Site, way: Way
) -> None:
    server: ZkServer = await site.terminal(records=2000)
    link = await site.opened(server, way)
    table, _ = await read(link)
    await server.set_fault(Fault.CUT, after=30_000)
    error = await failure_of(link.clear_log(table))
    assert error.code == Code.DEVICE_UNREACHABLE
    assert not server.device.enabled
    await site.opened(server, way)
    assert (server.device.truth.log_size, server.device.enabled) == (2000, True)
