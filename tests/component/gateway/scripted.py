"""Stands in for the services behind the gateway, for what takes a device long or goes wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from shared.contracts import catalog
from shared.contracts.agents import Dialect
from shared.contracts.attendance import LoggedPunch
from shared.contracts.devices import Device, DeviceUser, ListUsers, UserPage
from shared.contracts.message import Message
from shared.contracts.operations import Job, LedgerEntry, OperationKind, OperationStatus
from shared.contracts.readings import Privilege
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock, new_id
from shared.kit.errors import MusterError
from shared.kit.rpc import _enveloped
from shared.kit.settings import Settings
from tests.conftest import OWNER, Platform

Does = Callable[[Any], Message]
SERIAL = "ZXRE06022863"
NOW = SystemClock().now().replace(microsecond=250_000)
_STATUSES = {"pending": "queued", "sent": "active", "success": "completed"}


class Scripted:
    """Answers what a test says, and remembers what was asked."""

    def __init__(self) -> None:
        self._does: dict[str, Does] = {}
        self.asked: list[Message] = []
        self.tokens: list[str | None] = []

    def clear(self) -> None:
        self._does.clear()
        self.asked.clear()
        self.tokens.clear()

    def when(self, question: catalog.Question, does: Does | Message | MusterError) -> None:
        """Say what is answered from now on."""

        def done(asked: Any) -> Message:
            if isinstance(does, MusterError):
                raise does
            return does if isinstance(does, Message) else does(asked)

        self._does[question.subject] = done

    def hear(self, bus: Bus, question: catalog.Question) -> None:
        async def answer(_: str, body: bytes, headers: dict[str, str]) -> Message:
            asked = question.request.model_validate_json(body)
            self.asked.append(asked)
            self.tokens.append(headers.get("authorization"))
            return self._does[question.subject](asked)

        bus.on_request(question.subject, _enveloped(question, answer))

    def of(self, kind: type[Message]) -> list[Any]:
        """What was asked of one kind."""
        return [each for each in self.asked if isinstance(each, kind)]


@asynccontextmanager
async def scripted(platform: Platform) -> AsyncIterator[Scripted]:
    """Run stand-ins for the registry, attendance and the forwarder, each as its own user."""
    made = Scripted()
    buses = []
    for service in ("devices", "attendance", "forwarder"):
        bus = Bus(service, platform.settings(Settings, service))
        await bus.connect()
        for question in catalog.QUESTIONS:
            if question.service == service and "gateway" in question.askers:
                made.hear(bus, question)
        await bus.start()
        buses.append(bus)
    yield made
    for bus in buses:
        await bus.stop()


def a_device(
    serial: str = SERIAL, *, dialect: Dialect = "timmy", number: int = 7, connected: bool = True
) -> Device:
    return Device(
        id=number,
        name="Door",
        ip="",
        port=4370,
        location="",
        serial_number=serial,
        device_serial=None,
        dialect=dialect,
        site="hq",
        zone="Asia/Jakarta",
        status="active",
        is_connected=connected,
        created_at=NOW,
    )


def a_job(
    kind: OperationKind, status: OperationStatus, operation_id: UUID | None = None, **more: Any
) -> Job:
    identity = operation_id or new_id()
    values: dict[str, Any] = {
        "job_id": str(identity),
        "operation_id": identity,
        "type": "user-sync",
        "kind": kind,
        "device_id": 7,
        "status": _STATUSES.get(status, "failed"),
        "queued_at": NOW,
        **more,
    }
    return Job(**values)


def an_entry(
    kind: OperationKind, status: OperationStatus, operation_id: UUID | None = None, **more: Any
) -> LedgerEntry:
    values: dict[str, Any] = {
        "operation_id": operation_id or new_id(),
        "owner": OWNER,
        "device_id": 7,
        "serial_number": SERIAL,
        "kind": kind,
        "action": {"kind": kind},
        "status": status,
        "attempts": 1,
        "requested_by": "admin@example.test",
        "created_at": NOW,
        **more,
    }
    return LedgerEntry(**values)


def a_person(user_id: str, *credentials: int, privilege: Privilege = "user") -> DeviceUser:
    return DeviceUser(
        device_id=7,
        serial_number=SERIAL,
        user_id=user_id,
        name=f"Person {user_id}",
        privilege=privilege,
        disabled=False,
        card=None,
        group=None,
        has_password=False,
        fingers=(),
        alias=f"A{user_id}",
        credentials=credentials,
        read_at=NOW,
    )


def a_punch(**more: Any) -> LoggedPunch:
    values: dict[str, Any] = {
        "id": new_id(),
        "owner": OWNER,
        "user_id": "121",
        "name": "mustafa",
        "event": 1,
        "punched_at": NOW,
        "device_time": "2026-03-01T08:00:00",
        "serial_number": "App",
        "source": "app",
        "received_at": NOW,
        "is_send": True,
        "send_failed": False,
        "forwarded_at": NOW,
        "forward_response": {"success": True, "forwarded": True},
        **more,
    }
    return LoggedPunch(**values)


def ends(parts: Scripted, entry: LedgerEntry, **job: Any) -> None:
    """Let every operation end as a ledger entry says."""
    made = a_job(entry.kind, entry.status, entry.operation_id, problem=entry.problem, **job)
    parts.when(catalog.OPERATE, made)
    parts.when(catalog.GET_OPERATION, entry)


def hold(parts: Scripted, *people: DeviceUser) -> None:
    """Let the registry hold people."""

    def page(asked: ListUsers) -> Message:
        start = (asked.page - 1) * asked.limit
        return UserPage(items=people[start : start + asked.limit], total=len(people))

    parts.when(catalog.LIST_USERS, page)
