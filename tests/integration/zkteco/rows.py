"""The table of /api/v1: what is asked of every endpoint, and what must come of it."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

Json = dict[str, Any]
NONSENSE: Final = "nonsense"


class Row(NamedTuple):
    """One endpoint; ``{id}`` in path and body stands for the terminal it is tried on."""

    method: str
    path: str
    status: int
    body: Json | None = None
    bad: Json | None = None
    """A body that is refused; without one the path is made nonsense."""
    bad_path: str | None = None
    reaches: bool = False
    """Whether the terminal is asked while the caller waits."""
    on: str = "WELL"
    other: int = 404
    """What another owner is answered."""

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"


_USER: Final = "/devices/{id}/users"

ROWS: Final = (
    # ── attendance ───────────────────────────────────────────────────────────
    Row("GET", "/attendance", 200, bad_path="/attendance?limit=0", other=200),
    Row("GET", "/attendance/device/{id}", 200),
    Row("GET", "/attendance/user/1001", 200, bad_path="/attendance/user/1001?page=0", other=200),
    Row("GET", "/attendance/today", 200, bad_path="/attendance/today?zone=Mars/Base", other=200),
    Row("GET", "/attendance/summary", 200, bad_path="/attendance/summary?start_date=x", other=200),
    Row("POST", "/attendance/sync/{id}", 202),
    Row("POST", "/attendance/sync", 202, {"device_id": "{id}"}, bad={"device_id": "x"}),
    Row("DELETE", "/attendance/device/{id}", 200, reaches=True, on="CLEARED"),
    # ── devices ──────────────────────────────────────────────────────────────
    Row("GET", "/devices", 200, bad_path="/devices?limit=9999", other=200),
    Row("GET", "/devices/{id}", 200),
    Row("PUT", "/devices/{id}", 200, {"whole": "{id}"}, bad={"name": ""}),
    Row("PATCH", "/devices/{id}", 200, {"location": "Lobby"}, bad={"port": 0}),
    Row("DELETE", "/devices/{id}", 200, on="REMOVED"),
    Row("GET", "/devices/{id}/info", 200, reaches=True),
    Row("GET", "/devices/{id}/test-connection", 200, reaches=True),
    Row("GET", "/devices/{id}/alarms", 200),
    Row("POST", "/devices/{id}/restart", 200, reaches=True, on="RESTARTED"),
    Row("POST", "/devices/{id}/power-off", 200, reaches=True, on="SWITCHED"),
    Row("POST", "/devices/{id}/sync-time", 200, reaches=True),
    Row("GET", "/devices/{id}/options/~Platform", 200, reaches=True),
    Row("PUT", "/devices/{id}/options/WorkCode", 200, {"value": "1"}, bad={}, reaches=True),
    Row("POST", "/devices/{id}/door/unlock", 200, {}, bad={"seconds": 0}, reaches=True),
    Row(
        "POST",
        "/door/unlock",
        200,
        {"device_id": "{id}"},
        bad={"device_id": None},
        reaches=True,
    ),
    # ── terminals that dial in ───────────────────────────────────────────────
    Row("GET", "/devices/pending", 200, bad_path="/devices/pending?limit=0", other=200),
    Row("GET", "/devices/{id}/events", 200),
    # Nobody waits here, and this terminal is dialled: the terminals' own tests try the rest.
    Row("POST", "/devices/{sn}/approve", 404, {"name": "Door"}, bad={"name": " "}),
    Row("POST", "/devices/{id}/path", 409),
    # ── people ───────────────────────────────────────────────────────────────
    Row("GET", "/users", 200, bad_path="/users?page=x", other=200),
    Row("GET", _USER, 200),
    Row("POST", _USER, 201, {"user_id": "7001", "name": "Nadia"}, bad={"name": "x"}, reaches=True),
    Row(
        "POST",
        "/users",
        201,
        {"device_id": "{id}", "user_id": "7002", "name": "Omar", "privilege": 14},
        bad={"device_id": 1, "user_id": "no good"},
        reaches=True,
    ),
    Row("PUT", f"{_USER}/1003", 200, {"name": "Salma", "card": 77}, bad={"card": -1}, reaches=True),
    Row("PATCH", f"{_USER}/1004", 200, {"password": "4711"}, bad={"privilege": 5}, reaches=True),
    Row("DELETE", f"{_USER}/1005", 200, reaches=True),
    Row("POST", "/users/sync/{id}", 200, reaches=True),
    Row("POST", "/users/sync", 200, {"device_id": "{id}"}, bad={}, reaches=True),
    Row("GET", f"{_USER}/1001/templates", 200),
    Row("POST", f"{_USER}/1001/templates", 200, reaches=True),
    Row("POST", f"{_USER}/1001/templates/write", 200, reaches=True, on="KEPT"),
    Row(
        "POST",
        f"{_USER}/1001/templates/copy",
        202,
        {"target_device_id": "{target}"},
        bad={"target_device_id": 0},
    ),
    Row("POST", f"{_USER}/1002/enroll", 202, {"finger": 3}, bad={"finger": 10}),
    # ── queues and cache ─────────────────────────────────────────────────────
    Row("GET", "/queue/stats", 200, other=200),
    Row("GET", "/queue/jobs/{job}", 200),
    Row("POST", "/queue/jobs/{job}/cancel", 409),
    Row("POST", "/queue/jobs/{job}/retry", 409),
    Row("DELETE", "/cache", 200, other=200),
    Row("DELETE", "/cache/clear", 200, other=200),
    Row("POST", "/cache/clear", 200, other=200),
)
ELSEWHERE: Final = {
    # Tried by tests of their own: they need no terminal, or one that is not registered yet.
    ("POST", "/auth/login"),
    ("POST", "/auth/register"),
    ("POST", "/auth/refresh"),
    ("POST", "/auth/logout"),
    ("POST", "/devices"),
}
NO_BAD_INPUT: Final = {
    ("GET", "/queue/stats"),
    ("DELETE", "/cache"),
    ("DELETE", "/cache/clear"),
    ("POST", "/cache/clear"),
}
"""Nothing in these can be wrong."""
