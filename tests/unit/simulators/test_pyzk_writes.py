"""pyzk changes what the simulator holds: people, fingers, enrolment, options, its power."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from zk.exception import ZKErrorConnection
from zk.finger import Finger

from services.devices.simulators.faults import Fault
from services.devices.simulators.people import User
from tests.unit.simulators.conftest import until
from tests.unit.simulators.test_pyzk import TRANSPORTS, with_pyzk

if TYPE_CHECKING:
    from tests.unit.simulators.conftest import Start

NAME, PIN = "\N{CYRILLIC CAPITAL LETTER YU}lia", "123"


@TRANSPORTS
@pytest.mark.parametrize("width", [28, 72])
async def test_it_writes_and_deletes_a_user(start: Start, udp: bool, width: int) -> None:
    server = await start(users=3, templates=3, user_width=width, encoding="cp1251")

    def write(link: Any) -> None:
        link.get_users()
        link.set_user(9, NAME, 14, PIN, user_id="77")
        link.delete_user(uid=2)

    await with_pyzk(server, write, udp=udp)
    assert [user.uid for user in server.device.users] == [1, 3, 9]
    written = server.device.people.at(9)
    assert written == User(9, "77", NAME, 14, 0, 0, PIN)
    assert len(server.device.fingers) == 2
    users = await with_pyzk(server, lambda link: link.get_users(), udp=udp)
    assert (users[-1].name, users[-1].user_id, users[-1].password) == (NAME, "77", PIN)


@TRANSPORTS
async def test_it_reads_templates_and_deletes_one(start: Start, udp: bool) -> None:
    server = await start(users=3, templates=5)
    held = server.device.fingers.all()

    def read(link: Any) -> Any:
        return link.get_templates(), link.get_user_template(uid=1, temp_id=1)

    everything, one = await with_pyzk(server, read, udp=udp)
    assert [(each.uid, each.fid, each.valid, each.template) for each in everything] == held
    assert one.template == held[1].content
    assert await with_pyzk(server, lambda link: link.delete_user_template(1, 1), udp=udp)
    assert server.device.fingers.of(1) == [0]


@TRANSPORTS
@pytest.mark.parametrize("width", [28, 72])
async def test_it_uploads_templates(start: Start, udp: bool, width: int) -> None:
    server = await start(users=3, user_width=width)
    contents = {4: b"\x4d\xfdSS21" + bytes(range(200)) * 6, 5: b"\x4d\xfdSS21" + bytes(9) + b"\1"}
    fingers = [Finger(2, number, 1, content) for number, content in contents.items()]

    def upload(link: Any) -> None:
        user = next(user for user in link.get_users() if user.uid == 2)
        link.save_user_template(user, fingers)

    await with_pyzk(server, upload, udp=udp)
    assert {each.finger: each.content for each in server.device.fingers.all()} == contents
    held = server.device.people.at(2)
    assert held is not None
    assert (held.user_id, len(server.device.people)) == ("1002", 3)


@pytest.mark.parametrize(("how", "done"), [("ok", True), ("fail", False), ("duplicate", False)])
@TRANSPORTS
async def test_it_enrols_a_finger(start: Start, udp: bool, how: str, done: bool) -> None:
    server = await start(users=3, enrols=how)
    work = lambda link: link.enroll_user(uid=2, temp_id=6, user_id="1002")  # noqa: E731 - one call
    assert await with_pyzk(server, work, udp=udp) is done
    assert server.device.fingers.of(2) == ([6] if done else [])


@TRANSPORTS
@pytest.mark.parametrize("command", ["restart", "poweroff"])
async def test_it_restarts_the_terminal_or_switches_it_off(
    start: Start, udp: bool, command: str
) -> None:
    server = await start()

    async def is_back() -> bool:
        return server.device.enabled and not server.away

    def work(link: Any) -> None:
        link.disable_device()
        getattr(link, command)()

    # pyzk knows that the connection is gone, and can say no good-bye.
    with pytest.raises(ZKErrorConnection):
        await with_pyzk(server, work, udp=udp)
    assert server.device.powered is (command == "restart")
    await server.set_fault(Fault.NONE)
    await until(is_back)
    await with_pyzk(server, lambda link: link.get_time(), udp=udp)


@TRANSPORTS
async def test_it_does_the_small_things(start: Start, udp: bool) -> None:
    server = await start(users=3)

    def work(link: Any) -> Any:
        link.test_voice(3)
        width, form = link.get_pin_width(), link.get_user_extend_fmt()
        return link.get_mac(), link.get_fp_version(), width, form

    assert await with_pyzk(server, work, udp=udp) == ("00:17:61:00:00:01", 10, 9, 1)
