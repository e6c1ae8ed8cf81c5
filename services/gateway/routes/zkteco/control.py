"""/api/v1: what devices say of themselves, and what is done to the device itself."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from services.gateway.handlers.operations import Operations
from services.gateway.routes import words
from services.gateway.routes.answers import LATER, one
from services.gateway.routes.bodies import Sent
from services.gateway.routes.shapes.devices import OptionChange
from services.gateway.routes.shapes.fields import DeviceId, OptionName
from services.gateway.routes.table import REACHING, Route, Visiting
from services.gateway.routes.views import devices as views
from services.gateway.routes.views.base import View
from services.gateway.routes.views.jobs import Job as WholeJob
from services.gateway.routes.views.jobs import result_of
from services.gateway.routes.zkteco.waiting import finished
from shared.contracts import actions, catalog, devices
from shared.contracts.auth import Permission
from shared.contracts.operations import Job
from shared.kit.bus import Bus
from shared.kit.rpc import ask


class Control:
    """Endpoints of /api/v1."""

    def __init__(self, bus: Bus, operations: Operations) -> None:
        self._bus = bus
        self._operations = operations

    async def info(self, request: Request, who: Visiting, device_id: DeviceId) -> Response:
        """Ask a device what it is and what it holds."""
        job = await self._operations.run(who.token, device_id, actions.ReadInfo())
        asked = devices.GetDevice(device_id=device_id)
        found = await ask(self._bus, catalog.GET_DEVICE, asked, devices.Device, token=who.token)

        def said(done: Job) -> View:
            return views.DeviceInfo.asked(found, result_of(done, actions.Info))

        return finished(request, job, words.INFO, said)

    async def restart(self, request: Request, who: Visiting, device_id: DeviceId) -> Response:
        """Restart a device; it is away for about a minute."""
        job = await self._operations.run(who.token, device_id, actions.Restart())
        return finished(request, job, words.RESTARTED, WholeJob.whole)

    async def power_off(self, request: Request, who: Visiting, device_id: DeviceId) -> Response:
        """Switch a device off; only a hand at the device switches it on again."""
        job = await self._operations.run(who.token, device_id, actions.PowerOff())
        return finished(request, job, words.POWERED_OFF, WholeJob.whole)

    async def sync_time(self, request: Request, who: Visiting, device_id: DeviceId) -> Response:
        """Set a device's clock to the true time of its zone."""
        job = await self._operations.run(who.token, device_id, actions.SetTime())
        return finished(request, job, words.TIME_SET, _clock)

    async def test_connection(
        self, request: Request, who: Visiting, device_id: DeviceId
    ) -> Response:
        """See whether a device answers, by asking for its clock."""
        job = await self._operations.run(who.token, device_id, actions.ReadTime())
        return finished(request, job, words.ANSWERS, _connection)

    async def option(
        self, request: Request, who: Visiting, device_id: DeviceId, name: OptionName
    ) -> Response:
        """Read one of a device's own settings."""
        job = await self._operations.run(who.token, device_id, actions.ReadOption(name=name))
        return finished(request, job, words.OPTION, _option)

    async def set_option(
        self,
        request: Request,
        who: Visiting,
        device_id: DeviceId,
        name: OptionName,
        body: Annotated[OptionChange, Depends(Sent(OptionChange))],
    ) -> Response:
        """Change one of a device's own settings."""
        action = actions.WriteOption(name=name, value=body.value)
        job = await self._operations.run(who.token, device_id, action)
        changed = views.Option(device_id=device_id, name=name, value=body.value)
        return finished(request, job, words.OPTION_SET, lambda _: changed)

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        return (
            Route(
                "GET",
                ("/devices/{device_id}/info", "/devices/{device_id}/status"),
                self.info,
                Permission.DEVICES_READ,
                "S",
                "Get device information and status",
                (one(words.INFO, views.DeviceInfo), LATER),
                REACHING,
            ),
            Route(
                "POST",
                ("/devices/{device_id}/restart", "/devices/{device_id}/reboot"),
                self.restart,
                Permission.DEVICES_OPERATE,
                "S",
                "Restart the device",
                (one(words.RESTARTED, WholeJob), LATER),
                REACHING,
            ),
            Route(
                "POST",
                ("/devices/{device_id}/power-off",),
                self.power_off,
                Permission.DEVICES_OPERATE,
                "I",
                "Switch the device off",
                (one(words.POWERED_OFF, WholeJob), LATER),
                REACHING,
            ),
            Route(
                "POST",
                ("/devices/{device_id}/sync-time",),
                self.sync_time,
                Permission.DEVICES_OPERATE,
                "I",
                "Set the device's clock",
                (one(words.TIME_SET, views.ClockSet), LATER),
                REACHING,
            ),
            Route(
                "GET",
                ("/devices/{device_id}/test-connection",),
                self.test_connection,
                Permission.DEVICES_READ,
                "I",
                "See whether the device answers",
                (one(words.ANSWERS, views.Connection), LATER),
                REACHING,
            ),
            Route(
                "GET",
                ("/devices/{device_id}/options/{name}",),
                self.option,
                Permission.DEVICES_OPERATE,
                "I",
                "One of the device's own settings",
                (one(words.OPTION, views.Option), LATER),
                REACHING,
            ),
            Route(
                "PUT",
                ("/devices/{device_id}/options/{name}",),
                self.set_option,
                Permission.DEVICES_OPERATE,
                "I",
                "Change one of the device's own settings",
                (one(words.OPTION_SET, views.Option), LATER),
                REACHING,
            ),
        )


def _clock(job: Job) -> View:
    return views.ClockSet.of(result_of(job, actions.Clock), device_id=job.device_id)


def _connection(job: Job) -> View:
    clock = result_of(job, actions.Clock)
    return views.Connection(
        device_id=job.device_id,
        is_connected=True,
        device_time=clock.before,
        drift_ms=clock.drift_ms,
    )


def _option(job: Job) -> View:
    return views.Option.of(result_of(job, actions.OptionRead), device_id=job.device_id)
