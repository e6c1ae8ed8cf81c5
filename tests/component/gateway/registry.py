"""A stand-in for the registry: answers every question a gateway asks, as a test tells it to.

It is on the broker as the registry's own user and verifies tokens as the registry does, so what it
cannot show is only what the registry's own tests show.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.contracts import actions, catalog, devices, doors, operations, streams
from shared.contracts.auth import Caller
from shared.contracts.errors import Code
from shared.contracts.message import Message
from shared.contracts.operations import SPECS, Job
from shared.kit.buckets import Bucket
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock, new_id
from shared.kit.errors import MusterError
from shared.kit.rpc import Answers
from shared.kit.security import TokenVerifier
from tests.component.gateway.samples import NOW, a_device, a_job, a_person, ended
from tests.conftest import OTHER_OWNER, OWNER

Q = TypeVar("Q", bound=Message)
FOREIGN = 7
"""The one device that belongs to the other owner."""
MOODS: dict[int, Code] = {
    3: Code.DEVICE_UNREACHABLE,
    4: Code.DEVICE_NO_ANSWER,
    5: Code.NOT_SUPPORTED,
    6: Code.DEVICE_ERROR,
    8: Code.NO_AGENT,
}
"""By the last digit of a device's id: what is wrong with it where ``moody`` is set."""
STILL_OPEN = 9
"""The last digit of the devices with which nothing ends in time."""


@dataclass
class Registry:
    """Devices 1, 2, 3, … of the first owner, all alike, and one of the other."""

    bus: Bus
    problem: MusterError | None = None
    """What every question is answered with, where it is set."""
    failed: MusterError | None = None
    """How every job ends, where it is set."""
    late: float = 0
    """How many seconds after the caller's wait it answers."""
    open_jobs: bool = False
    """Whether jobs are still open when nobody waits any more."""
    moody: bool = False
    """Whether devices have the troubles of MOODS."""
    asked: list[Message] = field(default_factory=list)
    people: list[str] = field(default_factory=lambda: ["1", "2"])

    async def start(self) -> None:
        """Answer from now on."""
        await self.bus.connect()
        answers = Answers(self.bus, TokenVerifier(Bucket(self.bus, streams.AUTH), SystemClock()))
        table: list[tuple[catalog.Question, Any, Any]] = [
            (catalog.REGISTER_DEVICE, devices.RegisterDevice, self._register),
            (catalog.LIST_DEVICES, devices.ListDevices, self._list),
            (catalog.GET_DEVICE, devices.GetDevice, self._get),
            (catalog.CHANGE_DEVICE, devices.ChangeDevice, self._get),
            (catalog.REMOVE_DEVICE, devices.RemoveDevice, self._get),
            (catalog.LIST_USERS, devices.ListUsers, self._users),
            (catalog.LIST_TEMPLATES, devices.ListTemplates, self._templates),
            (catalog.LIST_ALARMS, devices.ListAlarms, self._alarms),
            (catalog.OPERATE, operations.Operate, self._operate),
            (catalog.COPY_TEMPLATES, operations.CopyTemplates, self._copy),
            (catalog.GET_JOB, operations.GetJob, self._job),
            (catalog.CANCEL_JOB, operations.CancelJob, self._job),
            (catalog.RETRY_JOB, operations.RetryJob, self._job),
            (catalog.QUEUE_STATS, operations.AskQueueStats, self._stats),
            (catalog.PERMIT_DOOR, doors.PermitDoor, self._permit),
            (catalog.UNLOCK_DOOR, doors.UnlockDoor, self._unlock),
        ]
        for question, request, handler in table:
            answers.to_callers(question, request, self._noted(handler))
        await self.bus.start()

    async def changed(self) -> None:
        """Raise the version of the first owner's people, as the registry does at a commit."""
        bucket = Bucket(self.bus, streams.PEOPLE_VERSION)
        await bucket.put(f"people.{OWNER}", str(new_id()).encode())

    def _noted(
        self, handler: Callable[[Q, Caller], Awaitable[Message]]
    ) -> Callable[[Q, Caller], Awaitable[Message]]:
        async def noted(request: Q, caller: Caller) -> Message:
            self.asked.append(request)
            for name in ("device_id", "target_id"):
                self._owned(getattr(request, name, None), caller)
            if self.problem is not None:
                raise self.problem
            return await handler(request, caller)

        return noted

    def _owned(self, device_id: int | None, caller: Caller) -> None:
        owner = OTHER_OWNER if device_id == FOREIGN else OWNER
        if device_id is not None and caller.owner != owner:
            raise MusterError(Code.NOT_FOUND)

    def _mood(self, device_id: int) -> None:
        if self.moody and (code := MOODS.get(device_id % 10)):
            raise MusterError(code)

    async def _register(self, request: devices.RegisterDevice, _: Caller) -> devices.Device:
        return a_device(1, request)

    async def _list(self, _: devices.ListDevices, caller: Caller) -> devices.DevicePage:
        items = tuple(a_device(each) for each in ((1, 2) if caller.owner == OWNER else (FOREIGN,)))
        return devices.DevicePage(items=items, total=len(items))

    async def _get(self, request: devices.GetDevice, _: Caller) -> devices.Device:
        return a_device(request.device_id)

    async def _users(self, request: devices.ListUsers, caller: Caller) -> devices.UserPage:
        held = self.people if caller.owner == OWNER else []
        people = [a_person(each) for each in held if not request.q or request.q in each]
        first = (request.page - 1) * request.limit
        page = tuple(people[first : first + request.limit])
        return devices.UserPage(items=page, total=len(people))

    async def _templates(self, request: devices.ListTemplates, _: Caller) -> Message:
        kept = devices.TemplateKept(
            finger=6, flag=1, size=1200, device_id=request.device_id, read_at=NOW
        )
        return devices.TemplatesKept(items=(kept,))

    async def _alarms(self, request: devices.ListAlarms, _: Caller) -> Message:
        alarm = devices.AlarmSeen(
            id=new_id(),
            device_id=request.device_id,
            at=NOW,
            code=Code.UNKNOWN_FORM,
            details="A live event of 40 bytes.",
            size=40,
            digest="00" * 32,
        )
        return devices.AlarmPage(items=(alarm,), total=1)

    async def _operate(self, request: operations.Operate, caller: Caller) -> Job:
        if not caller.may(SPECS[request.action.kind].permission):
            raise MusterError(Code.FORBIDDEN)
        job = a_job(request.device_id, request.action.kind)
        if not request.wait:
            return job
        self._mood(request.device_id)
        if self.late:
            await asyncio.sleep(request.wait + self.late)
        if self.open_jobs or (self.moody and request.device_id % 10 == STILL_OPEN):
            return job
        if self.failed:
            problem = {"status": "failed", "problem": self.failed.problem}
            return job.model_copy(update=problem)
        return ended(job, request.action)

    async def _copy(self, request: operations.CopyTemplates, _: Caller) -> Job:
        return a_job(request.device_id, "write_templates")

    async def _job(self, request: operations.GetJob, caller: Caller) -> Job:
        if "missing" in request.job_id or caller.owner != OWNER:
            raise MusterError(Code.NOT_FOUND)
        job = a_job(1, "read_log").model_copy(update={"job_id": request.job_id})
        return ended(job, actions.ReadLog()) if isinstance(request, operations.GetJob) else job

    async def _stats(self, _: operations.AskQueueStats, __: Caller) -> operations.QueueStats:
        counts = operations.QueueCounts(active=1, waiting=2, completed=3, failed=4)
        return operations.QueueStats(queues={"attendance-sync": counts, "enrolment": counts})

    async def _permit(self, request: doors.PermitDoor, _: Caller) -> doors.DoorPermit:
        self._mood(request.device_id)
        return doors.DoorPermit(permit_id=new_id(), operation_id=new_id())

    async def _unlock(self, request: doors.UnlockDoor, _: Caller) -> doors.DoorUnlocked:
        return doors.DoorUnlocked(
            device_id=request.device_id,
            operation_id=request.operation_id,
            at=SystemClock().now(),
            seconds=request.seconds,
        )
