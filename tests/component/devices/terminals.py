"""Devices that dial in, as tests of operations need them: connected, with people and templates."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from shared.contracts import catalog
from shared.contracts.agents import Deposited, DepositTemplates, DepositTold, Told
from shared.contracts.devices import Device
from shared.contracts.operations import (
    GetOperation,
    LedgerEntry,
    ListOperations,
    OperationPage,
    Transferred,
    TransferUsers,
)
from shared.contracts.readings import DevicePresence, Hardware, Person, Template
from shared.kit import rpc
from shared.kit.clock import SystemClock
from tests.component.devices.helping import eventually
from tests.component.devices.house import Running
from tests.component.devices.stand_in import Agent
from tests.conftest import OWNER

UNASKED = UUID(int=0)


async def connect(
    registry: Running, agent: Agent, device: Device, algorithm: str | None = None
) -> None:
    """Let a terminal dial in."""
    hardware = Hardware(algorithm=algorithm)
    said = DevicePresence(
        device_id=device.id, connected=True, serial=device.serial_number, hardware=hardware
    )
    await agent.is_there(said)

    async def so() -> bool:
        return (await registry.get(device)).is_connected

    await eventually(so)


async def deposit(
    agent: Agent,
    device: Device,
    operation_id: UUID,
    *templates: Template,
    people: tuple[Person, ...] = (),
) -> Deposited:
    """Put down templates, and whose they are; UNASKED: as the device told of them by itself."""
    if operation_id == UNASKED:
        return await tell(agent, device, *templates, people=people)
    request = DepositTemplates(
        operation_id=operation_id,
        device_id=device.id,
        read_at=SystemClock().now(),
        templates=templates,
        people=people,
    )
    where = catalog.DEPOSIT_TEMPLATES.subject.replace(catalog.SITE, agent.site)
    return await rpc.ask(agent.bus, catalog.DEPOSIT_TEMPLATES, request, Deposited, subject=where)


async def tell(
    agent: Agent, device: Device, *templates: Template, people: tuple[Person, ...] = ()
) -> Deposited:
    """Let a device tell of people and templates by itself."""
    now = SystemClock().now()
    told = Told(device_id=device.id, told_at=now, people=people, templates=templates)
    where = catalog.DEPOSIT_TOLD.subject.replace(catalog.SITE, agent.site)
    request = DepositTold(items=(told,))
    return await rpc.ask(agent.bus, catalog.DEPOSIT_TOLD, request, Deposited, subject=where)


async def entry(registry: Running, name: object, owner: str = OWNER) -> LedgerEntry:
    asked = GetOperation(job_id=str(name))
    return await registry.ask(catalog.GET_OPERATION, asked, LedgerEntry, owner=owner, role="user")


async def listed(registry: Running, owner: str = OWNER, **asked: Any) -> OperationPage:
    request = ListOperations(**asked)
    return await registry.ask(
        catalog.LIST_OPERATIONS, request, OperationPage, owner=owner, role="user"
    )


async def transferred(
    registry: Running, source: str, target: str, *user_ids: str, owner: str = OWNER, **more: Any
) -> Transferred:
    """Ask for people to be brought over; for everybody without names."""
    asked = {"user_ids": user_ids or None, **more}
    request = TransferUsers(from_serial=source, to_serial=target, **asked)
    return await registry.ask(catalog.TRANSFER_USERS, request, Transferred, owner=owner)
