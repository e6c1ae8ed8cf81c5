"""Every question of the catalogue and every kind of caller, at the services that answer.

What is expected is read from the catalogue: who is let in, and that nobody is told by an answer
whether another owner has a thing.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
import pytest_asyncio

from services.attendance import app as attendance
from services.attendance.settings import AttendanceSettings
from services.auth import app as auth
from services.devices import app as devices
from services.forwarder import app as forwarder
from services.forwarder.settings import ForwarderSettings
from shared.contracts import catalog
from shared.contracts.attendance import LoggedPunch, PunchByApp
from shared.contracts.auth import GRANTS, Permission
from shared.contracts.catalog import Question
from shared.contracts.devices import Device, RegisterDevice
from shared.contracts.employees import AddEmployee, Employee
from shared.contracts.errors import Code
from shared.contracts.message import Message, Secret, SecretData
from shared.contracts.operations import Job, Operate
from shared.kit import rpc
from shared.kit.bus import Bus
from shared.kit.clock import new_id
from shared.kit.settings import Settings
from tests.component.attendance.callers import Callers
from tests.component.auth.conftest import auth_settings, new_key
from tests.component.devices.house import running, settings_of
from tests.component.devices.stand_in import Agent
from tests.conftest import OTHER_OWNER, OWNER, Platform

M = TypeVar("M", bound=Message)
ASKED = {each.subject: each for each in catalog.QUESTIONS if each.permission is not None}
"""What callers ask; the rest is asked by parts of muster, and the broker is its guard."""


@dataclass
class Gateway:
    """The gateway's place on the bus, before all services; and an agent's."""

    bus: Bus
    agent: Agent
    callers: Callers

    def token(self, role: str, owner: str = OWNER) -> str:
        if role == "employee":
            return self.callers.employee(owner, "121")
        return self.callers.user(owner, role)

    async def answer(self, question: Question, body: object, token: str | None) -> dict[str, Any]:
        headers = {"authorization": token} if token else {}
        reply = await self.bus.request(question.subject, json.dumps(body).encode(), headers, 10)
        said: dict[str, Any] = json.loads(reply)
        return said

    async def asks(self, question: Question, ask: Message, reply: type[M], role: str) -> M:
        return await rpc.ask(self.bus, question, ask, reply, token=self.token(role), seconds=10)

    async def waiting(self) -> str:
        """Return the serial number of a terminal that waits for approval at the owner's site."""
        return (await self.agent.sights(f"W{new_id().hex[:8].upper()}")).serial


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(
    platform: Platform, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    """Every service that answers callers, running."""
    await platform.clean()
    directory = tmp_path_factory.mktemp("callers")
    async with AsyncExitStack() as stack:
        for service in (
            auth.build(auth_settings(platform, _key_file(directory))),
            devices.build(settings_of(platform, directory)),
            attendance.build(platform.settings(AttendanceSettings, "attendance")),
            forwarder.build(platform.settings(ForwarderSettings, "forwarder", _env_file=None)),
        ):
            await stack.enter_async_context(running(service))
        key_keeper, bus, agent = [
            Bus(user, platform.settings(Settings, user)) for user in ("auth", "gateway", "agent-hq")
        ]
        for each in (key_keeper, bus, agent):
            await each.connect()
            stack.push_async_callback(each.stop)
        callers = Callers()
        await callers.publish(key_keeper)
        yield Gateway(bus, Agent(agent, "hq"), callers)


def _key_file(directory: Path) -> Path:
    file = directory / "signing.pem"
    file.write_bytes(new_key())
    return file


def _expected(permission: Permission, role: str | None) -> Code:
    if permission is not Permission.PUBLIC:
        if role is None:
            return Code.UNAUTHORIZED
        if permission not in GRANTS[role]:
            return Code.FORBIDDEN
    return Code.VALIDATION_ERROR


@pytest.mark.parametrize("subject", sorted(ASKED))
async def test_each_question_is_for_whom_its_permission_says(
    gateway: Gateway, subject: str
) -> None:
    """What is asked is nonsense: whoever is let in hears so, everybody else hears less."""
    question = ASKED[subject]
    assert question.permission is not None
    found, expected = {}, {}
    for role, owner in ((None, OWNER), *((r, o) for r in GRANTS for o in (OWNER, OTHER_OWNER))):
        token = None if role is None else gateway.token(role, owner)
        answer = await gateway.answer(question, ["nonsense"], token)
        found[role, owner] = answer["error"]["code"]
        expected[role, owner] = _expected(question.permission, role)
    assert found == expected


# ── across the fence ─────────────────────────────────────────────────────────

UNKNOWN: Mapping[str, Any] = {
    "device_id": 2_000_000,
    "target_id": 2_000_001,
    "serial": "NOBODYS0001",
    "from_serial": "NOBODYS0001",
    "to_serial": "NOBODYS0002",
    "employee_id": "f" * 24,
    "job_id": "f" * 24,
    "punch_id": "f" * 24,
    "punch_ids": [str(new_id())],
}
"""By the names of the fields that name a thing: one that nobody has."""
BESIDES: Mapping[str, Any] = {
    "action": {"kind": "read_users"},
    "lasting": True,
    "user_id": "7",
    "permit_id": str(new_id()),
    "operation_id": str(new_id()),
    "first_day": "2026-03-01",
    "last_day": "2026-03-01",
}
NAMING = sorted(
    subject
    for subject, question in ASKED.items()
    if question.permission is not Permission.PUBLIC
    and question.request.model_fields.keys() & UNKNOWN.keys()
)


def _asked(question: Question, things: Mapping[str, Any]) -> dict[str, Any]:
    known = {**BESIDES, **things}
    return {name: known[name] for name in question.request.model_fields if name in known}


@pytest_asyncio.fixture(loop_scope="session")
async def things(gateway: Gateway) -> dict[str, Any]:
    """One of each thing, the owner's."""
    unique = new_id().hex[:8].upper()
    first, second = [
        await gateway.asks(
            catalog.REGISTER_DEVICE,
            RegisterDevice(name=each, dialect="timmy", serial_number=each),
            Device,
            "admin",
        )
        for each in (f"A{unique}", f"B{unique}")
    ]
    employee = await gateway.asks(
        catalog.ADD_EMPLOYEE,
        AddEmployee(
            enroll_id=unique, username=unique, password=Secret("a long word"), full_name="Ann"
        ),
        Employee,
        "admin",
    )
    punch = await gateway.asks(
        catalog.PUNCH_BY_APP, PunchByApp(image=SecretData(b"a photo")), LoggedPunch, "employee"
    )
    operate = Operate.model_validate({"device_id": first.id, **BESIDES})
    job = await gateway.asks(catalog.OPERATE, operate, Job, "admin")
    return {
        "device_id": first.id,
        "target_id": second.id,
        "serial": first.serial_number,
        "from_serial": first.serial_number,
        "to_serial": second.serial_number,
        "employee_id": employee.id,
        "job_id": job.job_id,
        "punch_id": str(punch.id),
        "punch_ids": [str(punch.id)],
    }


def _plain(answer: object, things: Mapping[str, Any]) -> str:
    """Return an answer without the names it was asked with."""
    text = json.dumps(answer)
    for each in things.values():
        name = each[0] if isinstance(each, list) else each
        text = re.sub(rf"\b{name}\b", "…", text)
    return text


@pytest.mark.parametrize("subject", NAMING)
async def test_nobody_hears_whether_another_owner_has_a_thing(
    gateway: Gateway, things: dict[str, Any], subject: str
) -> None:
    question = ASKED[subject]
    if question == catalog.APPROVE_DEVICE:
        things = {**things, "serial": await gateway.waiting()}
    role = "employee" if question.permission is Permission.PUNCHES_OWN else "admin"
    heard = {}
    for owner in (OTHER_OWNER, OWNER):
        token = gateway.token(role, owner)
        for which, named in (("unknown", UNKNOWN), ("known", things)):
            answer = await gateway.answer(question, _asked(question, named), token)
            heard[owner, which] = _plain(answer, named)
    assert "VALIDATION_ERROR" not in heard[OTHER_OWNER, "known"]
    assert heard[OTHER_OWNER, "known"] == heard[OTHER_OWNER, "unknown"]
    fields = question.request.model_fields
    if any(fields[each].is_required() for each in fields.keys() & UNKNOWN.keys()):
        assert heard[OWNER, "known"] != heard[OWNER, "unknown"], "the control: the owner does"
