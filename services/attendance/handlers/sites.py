"""Whose site it is."""

from typing import Final

from pydantic import ValidationError

from services.attendance.rules import phones
from shared.contracts import subjects
from shared.contracts.devices import Site
from shared.contracts.errors import Code
from shared.contracts.readings import PeopleRead, PunchBatch
from shared.kit.buckets import Bucket
from shared.kit.clock import Clock
from shared.kit.errors import MusterError, NotYetError

_FRESH_SECONDS: Final = 5.0


class Sites:
    """Whose site it is, by the registry's word, which is believed for at most 5 seconds."""

    def __init__(self, bucket: Bucket, clock: Clock) -> None:
        self._bucket = bucket
        self._clock = clock
        self._owners: dict[str, tuple[float, str]] = {}

    async def guard(self, subject: str, read: PunchBatch | PeopleRead) -> None:
        """Raise MusterError unless a message says of itself what its subject and its site say.

        The broker lets an agent publish under its own site only; so what is checked against the
        subject cannot be claimed by the agent of another site, and so of another owner.
        """
        device = subject.rsplit(".", 1)[-1]
        if (subjects.site_of(subject), device) != (read.site, str(read.device_id)):
            msg = f"a message of {read.site}/{read.device_id} does not belong on {subject}"
            raise MusterError(Code.VALIDATION_ERROR, msg)
        await self.check(read)

    async def check(self, read: PunchBatch | PeopleRead) -> None:
        """Raise FORBIDDEN unless the site is the owner's, and what is read no phone's.

        NotYetError while the registry has not said whose site it is.
        """
        if phones.are_phones(read):
            msg = "punches by phone are made by asking for them, and by nobody else"
            raise MusterError(Code.FORBIDDEN, msg)
        if await self._owner_of(read.site) != read.owner:
            msg = f"site {read.site} does not belong to owner {read.owner}"
            raise MusterError(Code.FORBIDDEN, msg)

    async def _owner_of(self, site: str) -> str:
        now = self._clock.monotonic()
        known = self._owners.get(site)
        if known and now - known[0] < _FRESH_SECONDS:
            return known[1]
        entry = await self._bucket.get(site)
        try:
            owner = Site.model_validate_json(entry or b"").owner
        except ValidationError as error:
            msg = f"the registry has not said yet whose site {site} is"
            raise NotYetError(msg) from error
        self._owners[site] = (now, owner)
        return owner
