"""Alarms: raised by agents, looked at by callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.devices.rules import devices as rules
from services.devices.store import alarms as store
from services.devices.store import devices
from shared.contracts import catalog, streams, subjects
from shared.contracts.devices import AlarmPage, ListAlarms
from shared.contracts.errors import Code
from shared.contracts.readings import Alarm
from shared.kit.db import transaction
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from services.devices.handlers.parts import Parts
    from shared.contracts.auth import Caller
    from shared.kit.bus import Bus
    from shared.kit.rpc import Answers


class Alarms:
    """The alarms of every device."""

    def __init__(self, parts: Parts) -> None:
        self._engine = parts.engine

    async def raised(self, subject: str, alarm: Alarm) -> None:
        """Keep an alarm; one that comes again changes nothing.

        Raises what makes it a dead letter: it is of no device, or of another site's.
        """
        if subject != subjects.alarm(alarm.site, alarm.device_id):
            raise MusterError(Code.FORBIDDEN, f"{subject} is not where this alarm belongs")
        async with transaction(self._engine, "keep alarm") as connection:
            owner = await devices.owner_of(connection, alarm.site, alarm.device_id)
            if owner is None or owner != alarm.owner:
                details = f"site {alarm.site} has no device {alarm.device_id} of this owner"
                raise MusterError(Code.NOT_FOUND, details)
            await store.add(connection, alarm)

    async def page(self, request: ListAlarms, caller: Caller) -> AlarmPage:
        """Return one page of a device's alarms, newest first."""
        before = rules.offset(request.page, request.limit)
        async with transaction(self._engine, "list alarms") as connection:
            if not await devices.there(connection, caller.owner, request.device_id):
                raise MusterError(Code.NOT_FOUND)
            return await store.page(connection, request, before)


def routes(alarms: Alarms, answers: Answers, bus: Bus) -> None:
    """Hear what concerns alarms."""
    answers.to_callers(catalog.LIST_ALARMS, ListAlarms, alarms.page)
    bus.on_event(streams.ALARM, streams.ALARM.consumers[0], Alarm, alarms.raised)
