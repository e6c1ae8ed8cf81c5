"""The fleet control: HTTP on loopback to look behind a terminal's face and to make it misbehave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.devices.simulators.device import DisabledError, NobodyEnrolsError
from services.devices.simulators.enrolment import Laying
from services.devices.simulators.faults import Fault
from services.devices.simulators.truth import STAMP
from services.devices.simulators.zk.server import ZkServer
from shared.kit.clock import iso

if TYPE_CHECKING:
    from services.devices.simulators.device import Device
    from services.devices.simulators.fleet import Fleet
    from services.devices.simulators.people import User

_MOST_AT_ONCE = 1_000_000


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


UserId = Annotated[str, BeforeValidator(_number_as_text), Field(pattern=r"^[\x21-\x7e]{1,24}$")]
State = Annotated[int, Field(strict=True, ge=0, le=255)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PunchBody(_Body):
    """Who punches and in which state (0 in, 1 out, ... 255 undefined)."""

    user_id: UserId
    state: State = 0


class BacklogBody(_Body):
    """How many punches came while nobody listened."""

    records: Annotated[int, Field(strict=True, ge=1, le=_MOST_AT_ONCE)]


class RecordBody(_Body):
    """A record with any wall-clock time, also one that no calendar has (31 February)."""

    user_id: UserId
    device_time: Annotated[str, Field(pattern=f"^{STAMP.pattern}$")]
    state: State = 0
    verify: State = 1


class FingerBody(_Body):
    """How somebody lays a finger on the sensor, once or several times."""

    results: Annotated[list[Laying], Field(min_length=1)]


class FaultBody(_Body):
    """The fault to put in force; `cut`, `fin` and `stall` come after so many bytes of tables."""

    kind: Fault
    after: Annotated[int, Field(strict=True, ge=0)] = 0


def _server(request: Request, serial: str) -> ZkServer:
    fleet: Fleet = request.app.state.fleet
    if serial not in fleet.servers:
        raise HTTPException(404, f"no device {serial}; GET /devices lists them")
    return fleet.servers[serial]


_Server = Annotated[ZkServer, Depends(_server)]


def build(fleet: Fleet) -> FastAPI:
    """Return the control. Errors are `{error, message}`, and `field` where the input was bad."""
    app = FastAPI(title="muster fleet control")
    app.state.fleet = fleet
    app.exception_handler(RequestValidationError)(_bad_input)
    app.exception_handler(HTTPException)(_refused)
    app.exception_handler(DisabledError)(_disabled)
    app.exception_handler(NobodyEnrolsError)(_nobody_enrols)
    app.get("/devices")(list_devices)
    app.get("/devices/{serial}")(show_device)
    app.get("/devices/{serial}/truth")(show_truth)
    app.get("/devices/{serial}/users")(show_users)
    app.get("/devices/{serial}/unlocks")(show_unlocks)
    app.post("/devices/{serial}/punch")(punch)
    app.post("/devices/{serial}/backlog")(backlog)
    app.post("/devices/{serial}/record")(record)
    app.post("/devices/{serial}/finger")(finger)
    app.post("/devices/{serial}/fault")(fault)
    return app


# The handlers are coroutines although they await nothing: FastAPI would run plain functions in
# threads, and the devices belong to the event loop.


async def list_devices(request: Request) -> JSONResponse:
    """Show every device: where it is, what it holds, what happened to it."""
    fleet: Fleet = request.app.state.fleet
    return JSONResponse([_view(server) for server in fleet.servers.values()])


async def show_device(server: _Server) -> JSONResponse:
    """Show one device."""
    return JSONResponse(_view(server))


async def show_truth(server: _Server) -> JSONResponse:
    """Show every punch the device ever accepted, in order."""
    return JSONResponse([punch.entry() for punch in server.device.truth.punches])


async def show_users(server: _Server) -> JSONResponse:
    """Show everybody whom the device knows, as it holds them, and which fingers are enrolled."""
    return JSONResponse([_user(user, server.device) for user in server.device.users])


async def show_unlocks(server: _Server) -> JSONResponse:
    """Show when the door relay was switched, with the delay as it was sent."""
    return JSONResponse(
        [{"at": iso(unlock.at), "delay": unlock.delay} for unlock in server.device.unlocks]
    )


async def punch(server: _Server, body: PunchBody) -> JSONResponse:
    """Let a person punch now and return its truth; 409 while a client has disabled the device."""
    return JSONResponse(server.punch(body.user_id, body.state).entry())


async def backlog(server: _Server, body: BacklogBody) -> JSONResponse:
    """Add punches to the log without any event; returns how many the device holds now."""
    server.device.backlog(body.records)
    return JSONResponse(_view(server))


async def record(server: _Server, body: RecordBody) -> JSONResponse:
    """Add a record with a wall-clock time of the caller's, without any event; returns its truth."""
    device = server.device
    added = device.record(body.user_id, body.device_time, body.state, body.verify)
    return JSONResponse(added.entry())


async def finger(server: _Server, body: FingerBody) -> JSONResponse:
    """Lay a finger on the sensor; 409 while no client enrols anybody."""
    server.device.lay(body.results)
    return JSONResponse(_view(server))


async def fault(server: _Server, body: FaultBody) -> JSONResponse:
    """Put a fault in force, or heal the device with `none`."""
    await server.set_fault(body.kind, body.after)
    return JSONResponse(_view(server))


def _view(server: ZkServer) -> dict[str, object]:
    device, spec = server.device, server.device.spec
    return {
        "serial": spec.serial,
        "dialect": "zk",
        "host": spec.host,
        "port": server.port,
        "name": spec.name,
        "profile": spec.profile,
        "transport": spec.transport.value,
        "zone": spec.zone,
        "users": len(device.users),
        "punches": len(device.truth.punches),
        "records": device.truth.log_size,
        "unlocks": len(device.unlocks),
        "templates": len(device.fingers),
        "operations": len(device.operations),
        "display": device.lines,
        "clock": device.wall_clock.shown().isoformat(),
        "enabled": device.enabled,
        "powered": device.powered,
        "enrolling": device.enrolment is not None,
        "connections": len(server.connections),
        "registered": server.registered,
        "fault": server.firmware.fault.value,
        "bad_checksums": server.counts.bad_checksums,
        "lost_streams": server.counts.lost_streams,
        "wrong_sessions": server.counts.wrong_sessions,
    }


def _user(user: User, device: Device) -> dict[str, object]:
    # Bytes that the code page does not know are no text.
    name = user.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return {
        "uid": user.uid,
        "user_id": user.user_id,
        "name": name,
        "privilege": user.privilege,
        "card": user.card,
        "group": user.group,
        "has_password": bool(user.password),
        "fingers": device.fingers.of(user.uid),
    }


async def _bad_input(_: Request, problem: RequestValidationError) -> JSONResponse:
    first = problem.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or "body"
    answer = {"error": "bad_input", "field": field, "message": f"{field}: {first['msg']}"}
    return JSONResponse(answer, 400)


async def _refused(_: Request, problem: HTTPException) -> JSONResponse:
    answer = {"error": "unknown_device", "message": problem.detail}
    return JSONResponse(answer, problem.status_code)


async def _disabled(_: Request, problem: DisabledError) -> JSONResponse:
    return JSONResponse({"error": "device_disabled", "message": str(problem)}, 409)


async def _nobody_enrols(_: Request, problem: NobodyEnrolsError) -> JSONResponse:
    return JSONResponse({"error": "nobody_enrols", "message": str(problem)}, 409)
