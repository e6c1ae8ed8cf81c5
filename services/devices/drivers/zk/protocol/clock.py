"""A device's clock: read and set, and how far it is off."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from services.devices.drivers.base import DeviceError, drift_ms
from services.devices.drivers.zk.codec import times
from services.devices.drivers.zk.messages import SIZE_WORD, Command
from services.devices.drivers.zk.protocol.procedure import Ask, Procedure, Reply
from services.devices.drivers.zk.protocol.replies import accept
from services.devices.drivers.zk.protocol.terms import Terms
from shared.contracts.actions import Clock
from shared.contracts.errors import Code

_TOLERANCE_MS: Final = 5_000
"""How far a clock may be off right after it was set: a slow answer counts, too."""


def packed_time() -> Procedure[int]:
    """Return the device's time as it packs it."""
    reply: Reply = yield Ask(Command.GET_TIME, repeatable=True)
    body = accept(reply, "tell its time")
    if len(body) < SIZE_WORD.size:
        details = f"The device told its time in {len(body)} bytes."
        raise DeviceError(Code.DEVICE_ERROR, details)
    return int.from_bytes(body[: SIZE_WORD.size], "little")


def wall_clock() -> Procedure[str | None]:
    """Return what the device's clock shows as ISO text, or None when that is no real date."""
    shown, flags = times.unpack((yield from packed_time()))
    return None if flags else shown


def read_time(terms: Terms) -> Procedure[Clock]:
    """Read the clock and how far it is off."""
    before = yield from wall_clock()
    at = terms.now()
    return Clock(before=before, drift_ms=_drift(before, terms, at), at=at)


def set_time(terms: Terms) -> Procedure[Clock]:
    """Set the clock to the true time of its zone and read it back; drift is that of before."""
    before = yield from wall_clock()
    drift = _drift(before, terms, terms.now())
    packed = times.pack(terms.local()).to_bytes(4, "little")
    accept((yield Ask(Command.SET_TIME, packed)), "set its time")
    after = yield from wall_clock()
    at = terms.now()
    left = _drift(after, terms, at)
    if left is None or abs(left) > _TOLERANCE_MS:
        details = f"The device acknowledged the time, but shows {after} instead."
        raise DeviceError(Code.DEVICE_ERROR, details)
    return Clock(before=before, after=after, drift_ms=drift, at=at)


def _drift(shown: str | None, terms: Terms, at: datetime) -> int | None:
    return None if shown is None else drift_ms(shown, ZoneInfo(terms.zone), at)
