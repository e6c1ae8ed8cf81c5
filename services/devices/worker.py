"""What the registry does unasked: its sites, its devices' consumers, and operations overdue."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NoReturn

from cryptography.fernet import InvalidToken

from services.devices.rules import operations as rules
from services.devices.rules.devices import is_zone
from services.devices.store import custody, devices, people, progress, retention, sites
from shared.contracts import streams, subjects
from shared.contracts.agents import RosterChanged
from shared.contracts.devices import Site as SiteEntry
from shared.kit import consumers
from shared.kit.buckets import AWAY, Bucket
from shared.kit.db import UNAVAILABLE, transaction
from shared.kit.errors import MusterError, StartupError
from shared.kit.logging import get_logger
from shared.kit.stream_check import consumer_differences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.fernet import Fernet

    from services.devices.settings import Site
    from shared.kit.bus import Bus
    from shared.kit.clock import Clock
    from shared.kit.db import AsyncEngine

log = get_logger(__name__)

_CONSUMERS_SECONDS: Final = 10.0
_SITES_SECONDS: Final = 3.0
_VERSIONS_SECONDS: Final = 1.0
_SWEEP_SECONDS: Final = 1.0
_TIDY_SECONDS: Final = 3600.0
KEPT: Final = timedelta(days=30)
"""How long alarms and events of devices are kept."""
KEPT_MOST: Final = 10_000
"""How many of each are kept of one device."""
_LATER: Final = (*AWAY, MusterError)
"""What the broker's part of a round may fail with: the next round tries again."""


class Worker:
    """The registry's own rounds; any number of replicas may run them."""

    def __init__(self, bus: Bus, engine: AsyncEngine, clock: Clock) -> None:
        self._bus = bus
        self._engine = engine
        self._clock = clock
        self._bucket = Bucket(bus, streams.SITE)
        self._versions = Bucket(bus, streams.PEOPLE_VERSION)

    async def put_sites(self, wanted: Sequence[Site]) -> None:
        """Store the sites and tell whose they are; a site of another owner is a StartupError."""
        async with transaction(self._engine, "put sites") as connection:
            for site in wanted:
                if not is_zone(site.zone):
                    msg = f"site {site.id}: {site.zone!r} is not the IANA name of a time zone"
                    raise StartupError(msg)
                if not await sites.put(connection, site):
                    msg = f"site {site.id} belongs to another owner, for ever: name a new site"
                    raise StartupError(msg)
        await self.tell_sites()

    async def keep_sites(self) -> NoReturn:
        """See to it for ever that the bucket says whose each site is: punches wait for it."""
        while True:
            await asyncio.sleep(_SITES_SECONDS)
            try:
                await self.tell_sites()
            except (*UNAVAILABLE, *AWAY) as error:
                log.warning("sites not told now", error=repr(error)[:300])

    async def tell_sites(self) -> None:
        """Put into the bucket what is missing or wrong there."""
        async with transaction(self._engine, "sites") as connection:
            known = await sites.every(connection)
        for site in known:
            entry = SiteEntry(owner=site.owner, name=site.name, zone=site.zone)
            value = entry.model_dump_json().encode()
            if await self._bucket.get(site.id) != value:
                await self._bucket.put(site.id, value)
                log.info("site told", site=site.id)

    async def check_seal(self, seal: Fernet) -> None:
        """Raise StartupError unless every stored comm key and data key can be opened."""
        async with transaction(self._engine, "check seal") as connection:
            sealed = (
                *await devices.comm_keys(connection),
                *await custody.every_data_key(connection),
            )
        try:
            for each in sealed:
                seal.decrypt(each)
        except InvalidToken as error:
            msg = (
                "comm keys and data keys were sealed with another key than"
                " MUSTER_SECRET_KEY_FILE holds"
            )
            raise StartupError(msg) from error

    async def keep_consumers(self) -> NoReturn:
        """See to it for ever that every device has its consumer."""
        while True:
            await asyncio.sleep(_CONSUMERS_SECONDS)
            try:
                await self.make_consumers()
            except UNAVAILABLE as error:
                log.warning("consumers not looked after now", error=repr(error)[:300])

    async def make_consumers(self) -> None:
        """Make each device's consumer, put back what differs, take away those of removed devices.

        A site where that fails is left to the next round, and keeps no other site waiting.
        """
        async with transaction(self._engine, "sites") as connection:
            known = await sites.every(connection)
        for site in known:
            try:
                await self._make_consumers(site.id)
            except _LATER as error:
                log.warning("consumers not made now", site=site.id, error=repr(error)[:300])

    async def _make_consumers(self, site: str) -> None:
        stream = streams.operation_stream(site)
        # First what is there, then what should be: a device that is added meanwhile is no orphan.
        found = await consumers.found(self._bus, stream)
        async with transaction(self._engine, "devices") as connection:
            there = await devices.of_site(connection, site)
            gone = await devices.removed_from(connection, site)
        for spec in (streams.device_consumer(site, each) for each in there):
            # Asked about one by one, thousands of devices would keep the broker busy for ever.
            if consumer_differences(stream.name, spec, found.get(spec.durable, {})):
                await consumers.ensure(self._bus, stream, spec)
        for spec in (streams.device_consumer(site, each) for each in gone):
            if spec.durable in found:
                await consumers.remove(self._bus, stream, spec)

    # ── after a commit ───────────────────────────────────────────────────────

    async def added(self, site: str, device_id: int) -> None:
        """Make a new device known; what fails is made good by the next rounds, ours and agents'."""
        spec = streams.device_consumer(site, device_id)
        try:
            await consumers.ensure(self._bus, streams.operation_stream(site), spec)
        except _LATER as error:
            log.warning("device has no consumer yet", device=device_id, error=repr(error)[:300])
        await self.roster_changed(site)

    async def removed(self, site: str, device_id: int) -> None:
        """Let go of a device's consumer and its agent; what fails is made good as above."""
        spec = streams.device_consumer(site, device_id)
        await self.roster_changed(site)
        try:
            await consumers.remove(self._bus, streams.operation_stream(site), spec)
        except _LATER as error:
            log.warning("device still has a consumer", device=device_id, error=repr(error)[:300])

    async def roster_changed(self, site: str) -> None:
        """Tell a site's agents to ask for their roster; they ask unasked, too, but later."""
        try:
            await self._bus.say(subjects.roster_changed(site), RosterChanged(site=site))
        except _LATER as error:
            log.warning("roster not announced", site=site, error=repr(error)[:300])

    async def people_changed(self, owner: str) -> None:
        """Tell caches the version of an owner's people; what fails is made good in a second."""
        try:
            await self._tell_version(owner)
        except (*UNAVAILABLE, *_LATER) as error:
            log.warning("version not told yet", owner=owner, error=repr(error)[:300])

    async def _tell_version(self, owner: str) -> None:
        # Held meanwhile, so that a lower version never comes last.
        async with transaction(self._engine, "tell version") as connection:
            version = await people.hold_version(connection, owner)
            if version is not None:
                await self._versions.put(f"people.{owner}", str(version).encode())
                await people.version_told(connection, owner, version)

    # ── rounds ───────────────────────────────────────────────────────────────

    async def keep_versions(self) -> NoReturn:
        """See to it for ever that the bucket has the version of each owner's people."""
        while True:
            await asyncio.sleep(_VERSIONS_SECONDS)
            try:
                await self.tell_versions()
            except (*UNAVAILABLE, *_LATER) as error:
                log.warning("versions not told now", error=repr(error)[:300])

    async def tell_versions(self) -> None:
        """Tell every version that is not told yet."""
        async with transaction(self._engine, "untold versions") as connection:
            owners = await people.untold(connection)
        for owner in owners:
            await self._tell_version(owner)

    async def sweep_on(self) -> NoReturn:
        """End for ever what is overdue."""
        while True:
            try:
                await self.sweep()
            except UNAVAILABLE as error:
                log.warning("operations not swept now", error=repr(error)[:300])
            await asyncio.sleep(_SWEEP_SECONDS)

    async def sweep(self) -> None:
        """End operations of which nothing was heard in time, and what waits for one in vain."""
        now = self._clock.now()
        async with transaction(self._engine, "sweep") as connection:
            for each in await progress.lock_overdue(connection, now - rules.GRACE):
                problem = rules.overdue(each.kind, each.status)
                await progress.end(connection, each.id, progress.Ending("failed", problem, now))
                log.warning("operation overdue", operation=str(each.id), code=problem.code)
            for operation_id, reason in await progress.lock_in_vain(connection):
                ending = progress.Ending("canceled", rules.in_vain(reason), now)
                await progress.end(connection, operation_id, ending)

    async def tidy_on(self) -> NoReturn:
        """Forget for ever what is kept for a time only."""
        while True:
            try:
                await self.tidy()
            except UNAVAILABLE as error:
                log.warning("nothing old forgotten now", error=repr(error)[:300])
            await asyncio.sleep(_TIDY_SECONDS)

    async def tidy(self, newest: int = KEPT_MOST) -> None:
        """Forget alarms and events that are old, and all but so many of a device."""
        async with transaction(self._engine, "every device") as connection:
            known = await retention.every_device(connection)
        for each in known:
            # One at a time: nobody who tells of a device waits for thousands of others.
            async with transaction(self._engine, "forget old") as connection:
                await retention.forget_old(connection, each, self._clock.now() - KEPT, newest)
