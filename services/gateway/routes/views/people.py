"""People on devices, and which of their fingers are in custody."""

from typing import Any, Final

from services.gateway.routes.examples import example
from services.gateway.routes.views.base import Moment, View
from shared.contracts.readings import Privilege

_PERSON: Final[dict[str, Any]] = {
    "device_id": 1,
    "user_id": "42",
    "name": "Sample Person",
    "privilege": "user",
    "disabled": False,
    "card": 1234567,
    "group": 1,
    "has_password": True,
}


class SavedUser(View):
    """A person as a device holds them now, read back from it; the password is never shown."""

    model_config = example(**_PERSON, name_cut=False)

    device_id: int
    user_id: str
    name: str
    privilege: Privilege
    disabled: bool
    card: int | None
    group: int | None
    has_password: bool
    name_cut: bool
    """Whether the device could not hold the whole name."""


class DeviceUser(View):
    """A person on one device, as it was read last."""

    model_config = example(
        **_PERSON,
        serial_number="ZKT-001-2024",
        fingers=[6],
        alias=None,
        credentials=[],
        read_at="2024-02-05T14:30:00Z",
    )

    device_id: int
    serial_number: str
    user_id: str
    name: str
    privilege: Privilege
    disabled: bool
    card: int | None
    group: int | None
    has_password: bool
    fingers: tuple[int, ...]
    """Whose templates are in custody from this device."""
    alias: str | None
    """Another id, which some devices show instead."""
    credentials: tuple[int, ...]
    """What the device itself lists to know them by: 0 to 9 fingers, 10 a password, 11 a card, 20 to
    27 and 50 the face, 30 to 37 the palm."""
    read_at: Moment


class TemplateKept(View):
    """One template in custody; its bytes are never shown."""

    model_config = example(finger=6, flag=1, size=1200, device_id=1, read_at="2024-02-05T14:30:00Z")

    finger: int
    flag: int
    size: int
    device_id: int
    """Where it was read."""
    read_at: Moment
