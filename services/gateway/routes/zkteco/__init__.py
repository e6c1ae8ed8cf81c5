"""The "ZKTeco Device API" under /api/v1: its paths, names and envelopes, nothing else."""

from services.gateway.handlers.cache import Cache
from services.gateway.handlers.doors import Doors
from services.gateway.handlers.operations import Operations
from services.gateway.routes.table import Route
from services.gateway.routes.zkteco.attendance import Punches
from services.gateway.routes.zkteco.control import Control
from services.gateway.routes.zkteco.devices import Devices
from services.gateway.routes.zkteco.doors import Unlocks
from services.gateway.routes.zkteco.jobs import Jobs
from services.gateway.routes.zkteco.log import Log
from services.gateway.routes.zkteco.people import People
from services.gateway.routes.zkteco.sessions import Sessions
from services.gateway.routes.zkteco.templates import Templates
from services.gateway.routes.zkteco.terminals import Terminals
from services.gateway.routes.zkteco.users import Users
from shared.kit.bus import Bus


def routes(bus: Bus, cache: Cache, doors: Doors) -> tuple[Route, ...]:
    """Return the table of the dialect."""
    operations = Operations(bus)
    return (
        *Sessions(bus).routes(),
        *Punches(bus, cache).routes(),
        *Log(operations).routes(),
        *Terminals(bus).routes(),
        *Devices(bus).routes(),
        *Control(bus, operations).routes(),
        *Unlocks(doors).routes(),
        *People(bus, cache, operations).routes(),
        *Users(operations).routes(),
        *Templates(bus, operations).routes(),
        *Jobs(bus).routes(),
    )
