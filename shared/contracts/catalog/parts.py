"""What a row of the catalogue is."""

from typing import Final, NamedTuple

from shared.contracts import streams
from shared.contracts.auth import Permission
from shared.contracts.message import Message

SERVICES: Final = ("auth", "devices", "attendance", "forwarder", "gateway")
SITE: Final = "{site}"
"""Stands for the site in a subject; ``*`` for who may see every site."""


class Channel(NamedTuple):
    """One row: what is said where. ``subject`` has ``{site}`` where a site goes."""

    subject: str
    message: type[Message]
    summary: str
    publishers: tuple[str, ...]
    readers: tuple[str, ...]
    stream: streams.StreamSpec | None = None


class Question(NamedTuple):
    """One kind of request and its reply; never stored. ``permission`` is what the caller needs."""

    subject: str
    request: type[Message]
    reply: type[Message]
    summary: str
    service: str
    askers: tuple[str, ...]
    permission: Permission | None
    """None: asked by a part of the system for itself; the broker's permissions are the guard."""
