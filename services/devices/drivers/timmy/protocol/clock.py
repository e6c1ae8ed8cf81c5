"""A terminal's clock: read and set, and how far it is off."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.devices.drivers.base import DecodeError, DeviceError, drift_ms
from services.devices.drivers.timmy.codec import times
from services.devices.drivers.timmy.protocol.procedure import Procedure
from services.devices.drivers.timmy.protocol.replies import told
from services.devices.drivers.timmy.protocol.terms import Terms
from shared.contracts.actions import Clock
from shared.contracts.errors import Code

_TOLERANCE_MS: Final = 5_000
"""How far a clock may be off right after it was set: a slow answer counts, too."""


def wall_clock(*, aside: bool = True) -> Procedure[str | None]:
    """Return what the terminal's clock shows as ISO text, or None when that is no real date."""
    body = yield from told({"cmd": "gettime"}, "tell its time", aside=aside)
    try:
        shown, flags = times.shown(body.get("time"))
    except DecodeError as error:
        details = f"The terminal told its time, but {error}."
        raise DeviceError(Code.DEVICE_ERROR, details) from error
    return None if flags else shown


def read_time(terms: Terms, *, aside: bool = False) -> Procedure[Clock]:
    """Read the clock and how far it is off."""
    before = yield from wall_clock(aside=aside)
    at = terms.now()
    return Clock(before=before, drift_ms=_drift(before, terms, at), at=at)


def set_time(terms: Terms) -> Procedure[Clock]:
    """Set the clock to the true time of its zone and read it back; drift is that of before."""
    before = yield from wall_clock()
    drift = _drift(before, terms, terms.now())
    command = {"cmd": "settime", "cloudtime": times.spelled(terms.local())}
    yield from told(command, "set its time")
    after = yield from wall_clock()
    at = terms.now()
    left = _drift(after, terms, at)
    if left is None or abs(left) > _TOLERANCE_MS:
        details = f"The terminal acknowledged the time, but shows {after} instead."
        raise DeviceError(Code.DEVICE_ERROR, details)
    return Clock(before=before, after=after, drift_ms=drift, at=at)


def _drift(shown: str | None, terms: Terms, at: datetime) -> int | None:
    return None if shown is None else drift_ms(shown, ZoneInfo(terms.zone), at)
