"""Terminals that dial in: those that wait, their paths, and what they tell."""

from typing import Any, Final, Literal, Self
from uuid import UUID

from services.gateway.routes.examples import example
from services.gateway.routes.views.base import Moment, View
from shared.contracts import devices
from shared.contracts.agents import Dialect
from shared.contracts.message import SiteId
from shared.contracts.readings import Hardware

_HARDWARE: Final[dict[str, Any]] = {
    "processor": "4410029",
    "mac": "00-01-F5-00-00-01",
    "model": "AiFace",
    "firmware": "ai518_f40v_v1.29",
    "algorithm": "thbio3.0",
}


class Pending(View):
    """A terminal that dialled in and is not served."""

    model_config = example(
        serial_number="ZXRE06022863",
        site="hq",
        dialect="timmy",
        reason="unknown",
        address="192.0.2.17",
        path="/pub/chat",
        hardware=_HARDWARE,
        times=3,
        first_seen_at="2024-02-05T14:29:00Z",
        last_seen_at="2024-02-05T14:30:00Z",
    )

    serial_number: str
    site: SiteId
    dialect: Dialect
    reason: Literal["unknown", "hardware_changed"]
    address: str
    path: str
    hardware: Hardware
    times: int
    """How often it dialled in since."""
    first_seen_at: Moment
    last_seen_at: Moment


class Path(View):
    """The secret path by which a device must dial in from now on; it is told this once."""

    model_config = example(
        device_id=1,
        token="kZ3vQ9...",  # noqa: S106 - the head of any token
        path="/d/kZ3vQ9.../pub/chat",
    )

    device_id: int
    token: str
    path: str

    @classmethod
    def made(cls, made: devices.PathMade) -> Self:
        """Return a path as it is typed into the terminal's menu."""
        token = made.token.get_secret_value()
        return cls(device_id=made.device_id, token=token, path=f"/d/{token}/pub/chat")


class Event(View):
    """Something that happened at a device and is no punch."""

    model_config = example(
        id="0f4cbe15-6d2c-4c4c-9d55-3b1f6d1a2c4e",
        device_id=1,
        kind="door",
        code=1,
        device_time="2024-02-05T21:30:00",
        read_at="2024-02-05T14:30:00Z",
    )

    id: UUID
    device_id: int
    kind: Literal["door", "stranger"]
    code: int | None
    device_time: str
    read_at: Moment
