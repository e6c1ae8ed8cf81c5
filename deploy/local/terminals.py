"""The demo's terminals and its employee: what is simulated, and how each is made known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from deploy.local.installation import ZONE
from deploy.local.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deploy.local.settings import LocalSettings

RECORDS: Final = 2_000
_USERS: Final = 50
_TEMPLATES: Final = 30

_DIALLED: Final[tuple[dict[str, Any], ...]] = (
    {"serial": "HQ0001", "name": "Front door", "zone": ZONE, "key": 0},
    {"serial": "HQ0002", "name": "Warehouse", "zone": "Asia/Baghdad", "key": 0},
    {"serial": "HQ0003", "name": "Laboratory", "zone": ZONE, "key": 0},
)
_DIALLING: Final[tuple[dict[str, Any], ...]] = (
    {"serial": "ZXRE06022863", "name": "Canteen", "zone": ZONE},
    {"serial": "TYSG18086518", "name": "Gate", "zone": "Asia/Baghdad"},
)
"""The serial numbers of the Timmy document's own examples."""

EMPLOYEE: Final[dict[str, Any]] = {
    "enroll_id": "86359",
    "username": "emp-86359.mo",
    "password": "password123",
    "fullName": "Employee Name",
}
"""The employee of the Timmy document's own examples."""


def specs(settings: LocalSettings) -> list[dict[str, Any]]:
    """Return what the fleet is to be, in the words of the simulators."""
    holding = {"users": _USERS, "templates": _TEMPLATES}
    dialled = [
        {
            **each,
            **holding,
            "host": f"127.0.1.{number}",
            "port": settings.port_terminal,
            "records": RECORDS,
        }
        for number, each in enumerate(_DIALLED, start=1)
    ]
    server = f"ws://{LOOPBACK}:{settings.port_timmy}/pub/chat"
    dialling = [
        # Nobody has acknowledged any of it yet: they hand it over by themselves.
        {**each, **holding, "dialect": "timmy", "server": server, "backlog": RECORDS}
        for each in _DIALLING
    ]
    return [*dialled, *dialling]


def registration(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body that registers a terminal with the API."""
    body = {
        "name": spec["name"],
        "location": spec["name"],
        "serial_number": spec["serial"],
        "zone": spec["zone"],
    }
    if spec.get("dialect") == "timmy":
        # It dials in: who it is counts, and not where it is.
        return {**body, "dialect": "timmy", "ip": LOOPBACK}
    return {**body, "ip": spec["host"], "port": spec["port"], "password": str(spec["key"])}


def shown(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the guide says of a terminal."""
    names = ("serial", "host", "port", "server", "users")
    told = {name: spec[name] for name in names if name in spec}
    return {"dialect": spec.get("dialect", "zk"), "punches": RECORDS, **told}
