"""Devices, people and jobs as a registry shows them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.contracts import actions, devices, operations
from shared.contracts.errors import Code
from shared.contracts.message import Message
from shared.contracts.operations import SPECS, Job
from shared.kit.clock import SystemClock, new_id
from shared.kit.errors import MusterError

NOW = SystemClock().now()
RESULTS: dict[str, Message] = {
    "read_log": actions.Count(count=9),
    "clear_log": actions.Cleared(records=9, noted=True),
    "read_users": actions.Count(count=2),
    "read_info": actions.Info(
        serial="REAL-1",
        firmware="Ver 6.60",
        platform="ZEM560_TFT",
        counts=actions.Counts(users=2, records=9),
        capacity=actions.Counts(users=10_000),
        device_time="2024-02-05T21:29:58",
        drift_ms=-2000,
    ),
    "read_time": actions.Clock(before="2024-02-05T21:29:58", drift_ms=-2000, at=NOW),
    "set_time": actions.Clock(
        before="2024-02-05T21:29:58", after="2024-02-05T21:30:00", drift_ms=-2000, at=NOW
    ),
    "read_templates": actions.Count(count=1),
    "write_templates": actions.Count(count=1),
    "read_option": actions.OptionRead(name="VOLUME", value="67"),
    "write_option": actions.OptionRead(name="VOLUME", value="67"),
}


def a_device(number: int, like: devices.RegisterDevice | None = None) -> devices.Device:
    """A device as the registry shows it."""
    shown: dict[str, Any] = {"name": f"Door {number}", "ip": "10.0.0.1", "port": 4370}
    if like is not None:
        shown = like.model_dump(exclude={"comm_key", "site", "zone"})
    return devices.Device(
        **{"serial_number": f"SN-{number}", "location": "", "dialect": "zk", **shown},
        id=number,
        device_serial=None,
        site="hq",
        zone="Asia/Jakarta",
        status="active",
        is_connected=False,
        problem=MusterError(Code.DEVICE_BUSY).problem,
        created_at=NOW,
    )


def a_person(user_id: str) -> devices.DeviceUser:
    """A person on device 1."""
    return devices.DeviceUser(
        device_id=1,
        serial_number="SN-1",
        user_id=user_id,
        name=f"Person {user_id}",
        privilege="user",
        disabled=False,
        card=None,
        group=1,
        has_password=False,
        fingers=(6,),
        read_at=NOW,
    )


def a_job(device_id: int, kind: operations.OperationKind) -> Job:
    """A job that was queued a moment ago."""
    operation = new_id()
    named = {"read_log": "sync-device", "read_users": "sync-users"}.get(kind)
    return Job(
        job_id=f"{named}-{device_id}-{NOW:%Y%m%d%H%M%S}" if named else str(operation),
        operation_id=operation,
        type=SPECS[kind].queue,
        kind=kind,
        device_id=device_id,
        status="queued",
        queued_at=NOW,
    )


def ended(job: Job, action: actions.Action) -> Job:
    """The same job, done."""
    result = RESULTS.get(job.kind, actions.Done())
    if isinstance(action, actions.PutUser):
        result = actions.UserDone(
            user_id=action.user_id,
            name=action.name or "Sample Person",
            privilege=action.privilege or "user",
            disabled=bool(action.disabled),
            card=action.card,
            group=action.group,
            has_password=action.password is not None,
        )
    return job.model_copy(
        update={
            "status": "completed",
            "attempts": 1,
            "started_at": NOW,
            "finished_at": NOW + timedelta(seconds=1),
            "progress": operations.Progress(total=2, done=2),
            "result": result,
        }
    )
