"""What the forwarder hears."""

from collections.abc import Callable

from services.forwarder import rules, store
from shared.contracts import streams, subjects
from shared.contracts.attendance import PunchesRecorded
from shared.contracts.errors import Code
from shared.kit import telemetry
from shared.kit.bus import Bus
from shared.kit.db import AsyncConnection, AsyncEngine, transaction
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

log = get_logger(__name__)


class Forwarder:
    """Turns recorded punches into deliveries; without a target it only keeps count."""

    def __init__(self, engine: AsyncEngine, target: str | None, wake: Callable[[], None]) -> None:
        self._engine = engine
        self._target = target
        self._wake = wake

    async def punches_recorded(self, subject: str, event: PunchesRecorded) -> None:
        """Queue an event's punches for the target; an event that comes again changes nothing."""
        if subjects.site_of(subject) != event.site:
            msg = f"an event of site {event.site} does not belong on {subject}"
            raise MusterError(Code.VALIDATION_ERROR, msg)
        async with transaction(self._engine, "queue deliveries") as connection:
            last = await store.lock_feed(connection, event.site, event.owner)
            if not await store.take(connection, event):
                return
            await self._keep_count(connection, event, last)
            await self._queue(connection, event)
        self._wake()

    async def _keep_count(
        self, connection: AsyncConnection, event: PunchesRecorded, last: int
    ) -> None:
        heard = rules.Span(event.first_position, event.last_position)
        if missing := rules.jump(last, heard):
            log.error("positions missing", site=event.site, first=missing[0], last=missing[1])
            await store.add_gaps(connection, event.site, event.owner, [missing])
        if heard.first <= last:
            gaps = await store.pop_gaps(connection, event.site, heard)
            left = [part for gap in gaps for part in rules.remaining(rules.Span(*gap), heard)]
            await store.add_gaps(connection, event.site, event.owner, left)
            log.error("positions out of order", site=event.site, late=heard, last=last)
        await store.move_feed(connection, event.site, max(last, heard.last))

    async def _queue(self, connection: AsyncConnection, event: PunchesRecorded) -> None:
        if self._target is None:
            return
        if withheld := rules.withheld(event):
            await store.withhold(connection, event, withheld)
        if drafts := tuple(rules.drafts(event, self._target)):
            await store.queue(connection, event, self._target, drafts, telemetry.carry())


def routes(forwarder: Forwarder, bus: Bus) -> None:
    """The table of routes: what is heard, and who hears it."""
    bus.on_event(
        streams.RECORDED,
        streams.RECORDED.consumers[0],
        PunchesRecorded,
        forwarder.punches_recorded,
    )
