"""The "Timmy Device Manager API" under /api: its paths, names and shapes, nothing else."""

from typing import NamedTuple

from services.gateway.handlers.keys import Once
from services.gateway.handlers.operations import Operations as Asking
from services.gateway.handlers.people import People
from services.gateway.handlers.serials import Serials
from services.gateway.routes.table import Route
from services.gateway.routes.timmy.devices import Devices
from services.gateway.routes.timmy.employees import Employees
from services.gateway.routes.timmy.fingerprints import Fingerprints
from services.gateway.routes.timmy.logs import Logs
from services.gateway.routes.timmy.mobile import Mobile
from services.gateway.routes.timmy.operations import Operations
from services.gateway.routes.timmy.people import DeviceUsers
from services.gateway.routes.timmy.sessions import Sessions
from services.gateway.routes.timmy.transfers import Transfers
from shared.kit.bus import Bus
from shared.kit.clock import Clock


class Lives(NamedTuple):
    """How many seconds the tokens of the dialect live."""

    user: int
    employee: int


def routes(bus: Bus, once: Once, clock: Clock, lives: Lives) -> tuple[Route, ...]:
    """Return the table of the dialect."""
    asking, serials = Asking(bus), Serials(bus)
    people = People(bus, asking, clock)
    return (
        *Sessions(bus, lives.user).routes(),
        *Operations(bus, asking).routes(),
        *DeviceUsers(serials, people, asking).routes(),
        *Devices(serials, asking).routes(),
        *Transfers(bus, serials, people).routes(),
        *Logs(bus, clock).routes(),
        *Employees(bus, lives.employee).routes(),
        *Mobile(bus, once).routes(),
        *Fingerprints(bus, clock).routes(),
    )
