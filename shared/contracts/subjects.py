"""The one subject grammar: every subject that muster publishes or hears is built here.

    evt.<site>.<context>.<type>.v1.<key>     something happened
    cmd.<site>.<device>.<kind>               one operation for one device, in order
    ctl.<site>.<device>.<verb>               ask an agent now; never stored
    rpc.<service>.<method>.v1[.<site>]       ask a service now; never stored
    dlq.<stream>.<consumer>                  what a consumer could not digest

The site is the second token of everything that belongs to one, so a permission, a filter or a
leaf node's sourcing is always a prefix, and a filter by site is a filter by tenant.
"""

import re
from typing import Final

ANY: Final = "*"
NEW_DEVICE: Final = "new"
"""Stands where the device goes while a device is not registered yet."""

_TOKEN = re.compile(r"^(?:[A-Za-z0-9_-]+|\*)$")


class InvalidTokenError(ValueError):
    """A value that would change the shape of a subject (a dot, a space, a wildcard inside)."""


def _join(*tokens: str | int) -> str:
    for token in tokens:
        if not _TOKEN.match(str(token)):
            msg = f"{token!r} cannot be a token of a subject"
            raise InvalidTokenError(msg)
    return ".".join(str(token) for token in tokens)


def punch_read(site: str, device: int | str) -> str:
    """Where an agent says what it read from a device's log."""
    return _join("evt", site, "punch", "read", "v1", device)


def punch_recorded(site: str, device: int | str) -> str:
    """Where attendance says which punches it committed."""
    return _join("evt", site, "punch", "recorded", "v1", device)


def people_read(site: str, device: int | str) -> str:
    """Where the registry says which people a device holds."""
    return _join("evt", site, "device", "people", "v1", device)


def alarm(site: str, device: int | str) -> str:
    """Where an agent says that a person should look at a device."""
    return _join("evt", site, "device", "alarm", "v1", device)


def device_event(site: str, device: int | str) -> str:
    """Where an agent says what happened at a device besides punches."""
    return _join("evt", site, "device", "event", "v1", device)


def delivery(site: str, target: str) -> str:
    """Where the forwarder says how deliveries go."""
    return _join("evt", site, "delivery", "news", "v1", target)


def presence(site: str, agent: str) -> str:
    """Where an agent says, every few seconds, which of its devices it is connected to."""
    return _join("evt", site, "device", "presence", "v1", agent)


def roster_changed(site: str) -> str:
    """Where the registry says that a site's list of devices is new."""
    return _join("evt", site, "device", "roster", "v1", "changed")


def outcome(site: str, device: int | str) -> str:
    """Where an agent says how an operation goes and how it ended."""
    return _join("evt", site, "operation", "outcome", "v1", device)


def receipt(site: str, journal: str) -> str:
    """Where attendance tells a journal that a batch is committed."""
    return _join("evt", site, "punch", "receipt", "v1", journal)


def operation(site: str, device: int | str, kind: str) -> str:
    """Where the registry puts an operation for one device."""
    return _join("cmd", site, device, kind)


def operations_of(site: str, device: int | str) -> str:
    """The filter of the consumer that belongs to one device."""
    return _join("cmd", site, device, ANY)


def control(site: str, device: int | str, verb: str) -> str:
    """Where the registry asks an agent for something that must happen now or not at all."""
    return _join("ctl", site, device, verb)


def rpc(service: str, method: str) -> str:
    """Where a service answers one kind of question."""
    return _join("rpc", service, method, "v1")


def rpc_of_site(service: str, method: str, site: str) -> str:
    """Where a service answers a question that only one site's agents may ask."""
    return _join("rpc", service, method, "v1", site)


def dead_letter(stream: str, consumer: str) -> str:
    """Where a message goes that a consumer cannot digest."""
    return _join("dlq", stream, consumer)


def site_of(subject: str) -> str:
    """Return the site a subject belongs to; only for evt, cmd and ctl subjects."""
    return subject.split(".", 2)[1]
