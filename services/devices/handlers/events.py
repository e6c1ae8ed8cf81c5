"""What happens at devices besides punches: told by agents, looked at by callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.devices.rules import devices as rules
from services.devices.store import devices
from services.devices.store import events as store
from shared.contracts import catalog, streams, subjects
from shared.contracts.devices import DeviceEventPage, ListDeviceEvents
from shared.contracts.errors import Code
from shared.contracts.readings import DeviceEvent
from shared.kit.db import transaction
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from services.devices.handlers.parts import Parts
    from shared.contracts.auth import Caller
    from shared.kit.bus import Bus
    from shared.kit.rpc import Answers


class Events:
    """The events of every device."""

    def __init__(self, parts: Parts) -> None:
        self._engine = parts.engine

    async def happened(self, subject: str, event: DeviceEvent) -> None:
        """Keep an event; one that comes again changes nothing.

        Raises what makes it a dead letter: it is of no device, or of another site's.
        """
        if subject != subjects.device_event(event.site, event.device_id):
            raise MusterError(Code.FORBIDDEN, f"{subject} is not where this event belongs")
        async with transaction(self._engine, "keep event") as connection:
            owner = await devices.owner_of(connection, event.site, event.device_id)
            if owner is None or owner != event.owner:
                details = f"site {event.site} has no device {event.device_id} of this owner"
                raise MusterError(Code.NOT_FOUND, details)
            await store.add(connection, event)

    async def page(self, request: ListDeviceEvents, caller: Caller) -> DeviceEventPage:
        """Return one page of what happened at a device, newest first."""
        before = rules.offset(request.page, request.limit)
        async with transaction(self._engine, "list events") as connection:
            if not await devices.there(connection, caller.owner, request.device_id):
                raise MusterError(Code.NOT_FOUND)
            return await store.page(connection, request, before)


def routes(events: Events, answers: Answers, bus: Bus) -> None:
    """Hear what concerns events."""
    answers.to_callers(catalog.LIST_DEVICE_EVENTS, ListDeviceEvents, events.page)
    heard = streams.DEVICE_EVENT
    bus.on_event(heard, heard.consumers[0], DeviceEvent, events.happened)
