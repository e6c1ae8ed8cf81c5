"""What a procedure must know of its terminal: what it told when it registered, and its place."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from services.devices.drivers.timmy.codec.fields import number
from services.devices.drivers.timmy.messages import (
    CARD,
    FACES,
    FINGERS,
    PALMS,
    PASSWORD,
    PHOTO,
    TRAITS,
    Family,
    Traits,
)

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Terms(NamedTuple):
    """The terms on which one terminal is spoken to."""

    now: Callable[[], datetime]
    """True time, aware and in UTC."""
    serial: str = ""
    zone: str = "UTC"
    """IANA name of the zone the terminal's clock is set to."""
    family: Family = "b"
    info: Mapping[str, Any] = _NOTHING
    """What it told of itself when it registered (``devinfo``)."""

    @property
    def traits(self) -> Traits:
        """Return what is true of its family."""
        return TRAITS[self.family]

    @property
    def algorithm(self) -> str:
        """Return what makes its templates; empty when it does not say."""
        return str(self.info.get("fpalgo") or "")

    def told(self, field: str) -> int | None:
        """Return a number it told when it registered, such as ``useduser``."""
        return number(self.info.get(field))

    def has_room(self, slot: int) -> bool:
        """Return whether the terminal has slots of this kind at all (timmy.md 4.3 #16, #23)."""
        if slot in FINGERS:
            return self.told("fpsize") != 0
        if slot in PALMS:
            return bool(self.told("palmsize"))
        if slot in {PASSWORD, CARD}:
            return True
        if slot not in FACES and slot != PHOTO:
            return False
        faces = self.told("facesize")
        return self.traits.faces if faces is None else faces > 0

    def local(self) -> datetime:
        """Return the true wall clock of the terminal's zone, without the zone."""
        return self.now().astimezone(ZoneInfo(self.zone)).replace(tzinfo=None)

    def cleared(self) -> "Terms":
        """Return the terms once its log was emptied: what it told of the log no longer holds."""
        return self._replace(info={**self.info, "usedlog": 0, "usednewlog": 0, "usedrtlog": 0})
