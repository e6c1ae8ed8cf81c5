"""One good call of every route of /api/v1, and what makes it a bad one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from services.gateway.routes import zkteco
from tests.unit.gateway.test_routes import NOTHING

Json = dict[str, Any]
PARTS = {
    "sn": "ZXRE06022863",
    "device_id": "1",
    "user_id": "42",
    "name": "VOLUME",
    "job_id": "a-job",
}
"""What stands in paths."""
_PERSON = "/devices/{device_id}/users/{user_id}"
_DEVICE: Json = {"name": "Door", "ip": "10.0.0.1"}
_USER: Json = {"user_id": "42", "name": "Sample Person"}
ROUTES = {
    f"{route.method} {route.paths[0]}": route for route in zkteco.routes(NOTHING, NOTHING, NOTHING)
}
SESSIONS = frozenset(name for name in ROUTES if "/auth/" in name)
"""Tried on their own: each changes who may ask for anything."""


@dataclass(frozen=True)
class Call:
    """A body that is good, and the fields that bad ones make their answers name."""

    body: Json | None = None
    bad: tuple[tuple[Json, set[str]], ...] = field(default=())


_CHANGES: tuple[tuple[Json, set[str]], ...] = (
    ({"port": 0}, {"port"}),
    ({"port": "4370"}, {"port"}),
    ({"port": True}, {"port"}),
    ({"name": " "}, {"name"}),
    ({"name": "a\u0007"}, {"name"}),
    ({"ip": "999.1.1.1"}, {"ip"}),
    ({"password": "secret!"}, {"password"}),
    ({"password": 2**32}, {"password"}),
    ({"zone": "Moon/Base"}, {"zone"}),
    ({"zone": "America"}, {"zone"}),
    ({"driver": "fax", "transport": "carrier pigeon"}, {"driver", "transport"}),
    ({"encoding": "klingon", "unlock_factor": 0}, {"encoding", "unlock_factor"}),
    ({"log_layout": "41"}, {"log_layout"}),
)
_NEW_DEVICES: tuple[tuple[Json, set[str]], ...] = (
    *_CHANGES,
    ({"ip": ""}, {"ip"}),
    ({"dialect": "zk", "ip": ""}, {"ip"}),
    ({"dialect": "timmy", "ip": ""}, {"serial_number"}),
    ({"dialect": "timmy", "serial_number": " "}, {"serial_number"}),
    ({"family": "e"}, {"family"}),
)
_PERSONS: tuple[tuple[Json, set[str]], ...] = (
    ({"name": ""}, {"name"}),
    ({"name": "x" * 65}, {"name"}),
    ({"privilege": "king"}, {"privilege"}),
    ({"privilege": 1}, {"privilege"}),
    ({"privilege": True}, {"privilege"}),
    ({"privilege": {}}, {"privilege"}),
    ({"password": "secret!"}, {"password"}),
    ({"password": "123456789"}, {"password"}),
    ({"card": -1, "group": 100}, {"card", "group"}),
    ({"card": 2**32, "disabled": "no"}, {"card", "disabled"}),
)
_NEW_PERSONS: tuple[tuple[Json, set[str]], ...] = (
    *_PERSONS,
    ({"user_id": "4 2"}, {"user_id"}),
    ({"user_id": -1}, {"user_id"}),
    ({"user_id": 10**9}, {"user_id"}),
    ({"user_id": None}, {"user_id"}),
)
_ID = (({"device_id": 0}, {"device_id"}), ({"device_id": "x"}, {"device_id"}))
_SECONDS = (({"seconds": 0}, {"seconds"}), ({"seconds": 61}, {"seconds"}))
CALLS = dict.fromkeys(ROUTES, Call()) | {
    "POST /attendance/sync": Call({"device_id": 1}, _ID),
    "POST /devices": Call(_DEVICE, _NEW_DEVICES),
    "PUT /devices/{device_id}": Call(_DEVICE, _CHANGES),
    "PATCH /devices/{device_id}": Call({"location": "Here"}, _CHANGES),
    "POST /devices/{sn}/approve": Call(
        {"name": "Back Door"}, (({"name": " "}, {"name"}), ({"zone": "Moon/Base"}, {"zone"}))
    ),
    "PUT /devices/{device_id}/options/{name}": Call(
        {"value": "67"}, (({"value": 67}, {"value"}), ({"value": "6\n7"}, {"value"}))
    ),
    "POST /devices/{device_id}/door/unlock": Call({"seconds": 5}, _SECONDS),
    "POST /door/unlock": Call({"device_id": 1}, (*_SECONDS, *_ID)),
    "POST /users/sync": Call({"device_id": 1}, _ID),
    "POST /devices/{device_id}/users": Call(_USER, _NEW_PERSONS),
    "POST /users": Call({"device_id": 1, **_USER}, (*_NEW_PERSONS, *_ID)),
    f"PUT {_PERSON}": Call({"name": "Sample Person"}, _PERSONS),
    f"PATCH {_PERSON}": Call({"privilege": 14}, _PERSONS),
    f"POST {_PERSON}/templates/copy": Call(
        {"target_device_id": 2}, (({"target_device_id": 1}, {"target_device_id"}),)
    ),
    f"POST {_PERSON}/enroll": Call({"finger": 6}, (({"finger": 10}, {"finger"}),)),
}
NEEDED = {
    "POST /attendance/sync": {"device_id"},
    "POST /devices": {"name", "ip"},
    "PUT /devices/{device_id}": {"name"},
    "PUT /devices/{device_id}/options/{name}": {"value"},
    "POST /door/unlock": {"device_id"},
    "POST /users/sync": {"device_id"},
    "POST /devices/{device_id}/users": {"user_id", "name"},
    "POST /users": {"device_id", "user_id", "name"},
    f"PUT {_PERSON}": {"name"},
    f"POST {_PERSON}/templates/copy": {"target_device_id"},
    f"POST {_PERSON}/enroll": {"finger"},
}
"""The fields that a body must have, by the routes that need any."""


def aliases() -> list[tuple[str, str]]:
    """Every path of every route, with the route's name."""
    return [(name, f"/api/v1{path}") for name, route in ROUTES.items() for path in route.paths]


def filled(path: str, **parts: str) -> str:
    """A path with everything it has a place for."""
    return path.format(**{**PARTS, **parts})
