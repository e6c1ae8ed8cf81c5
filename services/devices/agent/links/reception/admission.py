"""Who is let in: pure rules on what a terminal dialled, who it says it is, and its body.

A serial number is no secret (timmy.md 5.1): it only tells which device a terminal claims to be.
What backs the claim is the token in its path, where it has one, and the body it had at first.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import Final, NamedTuple

from services.devices.agent.links.reception.listening import Reason
from shared.contracts.agents import RosterDevice
from shared.contracts.readings import Hardware

_PATHS: Final = {"/pub/chat", "/", "/ws"}
"""What terminals dial: ``/pub/chat`` of their own accord, the others where a person typed them."""
_OWN_PATH: Final = re.compile(r"/d/([A-Za-z0-9_-]{16,128})/pub/chat")
_SHOWN: Final = 64
_SEPARATORS: Final = re.compile(r"[^0-9a-z]")

WAITING: Final = "waiting for approval"
CONNECTED: Final = "connected already"
CLONED: Final = "two terminals have this serial number"
OTHER_BODY: Final = "another terminal has this serial number"


class Path(NamedTuple):
    """A path at which terminals are heard."""

    shown: str
    """Without the token."""
    token: str | None


class Claim(NamedTuple):
    """Who a terminal says it is."""

    serial: str
    """In upper case."""
    token: str | None
    hardware: Hardware


class TurnedAway(NamedTuple):
    """A terminal is not served."""

    reason: str
    """Stands on its screen."""
    sighting: Reason | None = None
    """As what it waits for approval; None: it does not."""
    device: RosterDevice | None = None
    """Which device it is not, though it has its serial number."""


def path_of(target: str) -> Path | None:
    """Return the path that was dialled, or None when nobody is heard there."""
    path = target.partition("?")[0]
    path = path.rstrip("/") or "/"
    if own := _OWN_PATH.fullmatch(path):
        return Path("/d/***/pub/chat", own[1])
    return Path(path, None) if path in _PATHS else None


def masked(target: str) -> str:
    """Return a path that was dialled in vain as it may be logged: part of it may be a token."""
    path = target.partition("?")[0][:_SHOWN]
    return "/d/***" if path.startswith("/d/") else path


def judged(roster: Mapping[str, RosterDevice], claim: Claim) -> RosterDevice | TurnedAway:
    """Return the device a terminal is; ``roster`` is by serial numbers in upper case."""
    device = roster.get(claim.serial)
    # A token that is not its own is answered like a serial number nobody knows: it tells nothing.
    if device is None or not _has_token(device, claim.token):
        return TurnedAway(WAITING, "unknown")
    if device.hardware is not None and not _same_body(device.hardware, claim.hardware):
        return TurnedAway(OTHER_BODY, "hardware_changed", device)
    return device


def _has_token(device: RosterDevice, token: str | None) -> bool:
    if not device.path_digests:
        return True
    digest = sha256((token or "").encode()).hexdigest()
    return any(compare_digest(digest, each) for each in device.path_digests)


def _same_body(pinned: Hardware, told: Hardware) -> bool:
    """Compare what does not change in a terminal's life; what one of them does not tell is left."""
    parts = (pinned.processor, told.processor), (pinned.mac, told.mac)
    return all(_plain(one) == _plain(other) for one, other in parts if one and other)


def _plain(part: str) -> str:
    return _SEPARATORS.sub("", part.casefold())
