"""The "ZKTeco Device API" under /api/v1: its paths, names and envelopes, nothing else."""

from services.gateway.handlers.attendance import Attendance
from services.gateway.handlers.doors import Doors
from services.gateway.routes.table import Route
from services.gateway.routes.zkteco.attendance import Punches
from services.gateway.routes.zkteco.devices import Devices
from services.gateway.routes.zkteco.doors import Unlocks
from services.gateway.routes.zkteco.jobs import Jobs
from services.gateway.routes.zkteco.sessions import Sessions
from shared.kit.bus import Bus


def routes(bus: Bus, attendance: Attendance, doors: Doors) -> tuple[Route, ...]:
    """Return the table of the dialect."""
    return (
        *Sessions(bus).routes(),
        *Punches(bus, attendance).routes(),
        *Jobs(bus).routes(),
        *Devices(bus).routes(),
        *Unlocks(doors).routes(),
    )
