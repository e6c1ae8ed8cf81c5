"""The fleet control: HTTP on loopback to look behind a terminal's face and to make it misbehave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.devices.simulators.device import DisabledError
from services.devices.simulators.faults import Fault
from services.devices.simulators.zk.server import ZkServer
from shared.kit.clock import iso

if TYPE_CHECKING:
    from services.devices.simulators.fleet import Fleet

_MOST_AT_ONCE = 1_000_000


def _number_as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PunchBody(_Body):
    """Who punches and in which state (0 in, 1 out, ... 255 undefined)."""

    user_id: Annotated[str, BeforeValidator(_number_as_text), Field(pattern=r"^[\x21-\x7e]{1,24}$")]
    state: Annotated[int, Field(strict=True, ge=0, le=255)] = 0


class BacklogBody(_Body):
    """How many punches came while nobody listened."""

    records: Annotated[int, Field(strict=True, ge=1, le=_MOST_AT_ONCE)]


class FaultBody(_Body):
    """The fault to put in force."""

    kind: Fault


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
    app.get("/devices")(list_devices)
    app.get("/devices/{serial}")(show_device)
    app.get("/devices/{serial}/truth")(show_truth)
    app.get("/devices/{serial}/unlocks")(show_unlocks)
    app.post("/devices/{serial}/punch")(punch)
    app.post("/devices/{serial}/backlog")(backlog)
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


async def fault(server: _Server, body: FaultBody) -> JSONResponse:
    """Put a fault in force, or heal the device with `none`."""
    await server.set_fault(body.kind)
    return JSONResponse(_view(server))


def _view(server: ZkServer) -> dict[str, object]:
    device, spec = server.device, server.device.spec
    return {
        "serial": spec.serial,
        "dialect": "zk",
        "host": spec.host,
        "port": server.port,
        "name": spec.name,
        "zone": spec.zone,
        "users": len(device.users),
        "punches": len(device.truth.punches),
        "records": device.truth.log_size,
        "unlocks": len(device.unlocks),
        "enabled": device.enabled,
        "connections": len(server.connections),
        "registered": server.registered,
        "fault": server.firmware.fault.value,
        "bad_checksums": server.counts.bad_checksums,
        "lost_streams": server.counts.lost_streams,
        "wrong_sessions": server.counts.wrong_sessions,
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
