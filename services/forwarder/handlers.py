"""What the forwarder hears."""

from collections.abc import Awaitable, Callable

from services.forwarder import rules
from services.forwarder.store import deliveries, feeds
from shared.contracts import streams, subjects
from shared.contracts.attendance import PunchesRecorded
from shared.contracts.auth import Caller
from shared.contracts.catalog import REDELIVER
from shared.contracts.deliveries import DeliveryNews, Redeliver, Redelivered
from shared.contracts.errors import Code
from shared.kit import telemetry
from shared.kit.bus import Bus
from shared.kit.clock import Clock
from shared.kit.db import AsyncConnection, AsyncEngine, transaction
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger
from shared.kit.rpc import Answers

log = get_logger(__name__)


class Forwarder:
    """Turns recorded punches into deliveries; without a target it only keeps count."""

    def __init__(
        self,
        engine: AsyncEngine,
        targets: rules.Targets,
        clock: Clock,
        wake: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._targets = targets
        self._clock = clock
        self._wake = wake

    async def punches_recorded(self, subject: str, event: PunchesRecorded) -> None:
        """Queue an event's punches for their target; an event that comes again changes nothing."""
        if subjects.site_of(subject) != event.site:
            msg = f"an event of site {event.site} does not belong on {subject}"
            raise MusterError(Code.VALIDATION_ERROR, msg)
        async with transaction(self._engine, "queue deliveries") as connection:
            last = await feeds.lock_feed(connection, event.site, event.owner)
            if not await feeds.take(connection, event):
                return
            await self._keep_count(connection, event, last)
            target = self._targets.of(event.source)
            if target is not None:
                await self._queue(connection, event, target)
            elif error := rules.untargeted(event.source):
                await self._refuse(connection, event, error)
        if target is not None:
            self._wake(target)

    async def _keep_count(
        self, connection: AsyncConnection, event: PunchesRecorded, last: int
    ) -> None:
        heard = rules.Span(event.first_position, event.last_position)
        if missing := rules.jump(last, heard):
            log.error("positions missing", site=event.site, first=missing[0], last=missing[1])
            await feeds.add_gaps(connection, event.site, event.owner, [missing])
        if heard.first <= last:
            gaps = await feeds.pop_gaps(connection, event.site, heard)
            left = [part for gap in gaps for part in rules.remaining(rules.Span(*gap), heard)]
            await feeds.add_gaps(connection, event.site, event.owner, left)
            log.error("positions out of order", site=event.site, late=heard, last=last)
        await feeds.move_feed(connection, event.site, max(last, heard.last))

    async def _queue(
        self, connection: AsyncConnection, event: PunchesRecorded, target: str
    ) -> None:
        if withheld := rules.withheld(event):
            await feeds.withhold(connection, event, withheld)
        if drafts := tuple(rules.drafts(event, target)):
            await deliveries.queue(connection, event, target, drafts, telemetry.carry())

    async def _refuse(
        self, connection: AsyncConnection, event: PunchesRecorded, error: str
    ) -> None:
        """Keep deliveries without a target, for whoever asks for them when there is one."""
        drafts = tuple(rules.drafts(event, rules.NOWHERE))
        if not drafts:
            return
        await deliveries.queue(
            connection, event, rules.NOWHERE, drafts, telemetry.carry(), error=error
        )
        news = [
            DeliveryNews(
                owner=event.owner,
                site=event.site,
                delivery_id=each.id,
                punch_ids=each.punch_ids,
                status="untargeted",
                attempt=0,
                at=self._clock.now(),
                error=error,
            )
            for each in drafts
        ]
        await deliveries.say(connection, rules.NOWHERE, news)


def routes(
    forwarder: Forwarder,
    redeliver: Callable[[Redeliver, Caller], Awaitable[Redelivered]],
    answers: Answers,
    bus: Bus,
) -> None:
    """The table of routes: what is heard, and who hears it."""
    (recorded,) = streams.RECORDED.consumers
    bus.on_event(streams.RECORDED, recorded, PunchesRecorded, forwarder.punches_recorded)
    answers.to_callers(REDELIVER, Redeliver, redeliver)
