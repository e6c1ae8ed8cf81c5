"""Logs that are POSTed in a device's name: to attendance at once, or not taken at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.devices.handlers.operations import WAITING
from services.devices.rules import admission
from services.devices.rules import logs as rules
from services.devices.rules.people import storable
from services.devices.store import paths, places
from shared.contracts import catalog
from shared.contracts.attendance import PunchesKept, RecordPunches
from shared.contracts.devices import LogTaken, TakeLog
from shared.contracts.errors import Code
from shared.contracts.readings import PunchBatch
from shared.kit import rpc
from shared.kit.clock import new_id
from shared.kit.db import transaction
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from services.devices.handlers.parts import Parts


class Logs:
    """Takes logs for devices that are registered."""

    def __init__(self, parts: Parts) -> None:
        self._bus, self._engine, self._clock = parts

    async def take(self, request: TakeLog) -> LogTaken:
        """Let attendance commit the records; nothing is acknowledged before.

        DEVICE_OFFLINE for a serial that is not one device's, and alike for a wrong token, so that
        nobody learns which there are; where several have it, the token tells which is meant.
        SERVICE_UNAVAILABLE or TIMEOUT when attendance does not answer: the same records may come
        again.
        """
        records = rules.records_of(request.records)
        place = await self._admitted(request)
        batch = PunchBatch(
            batch_id=new_id(),
            journal_id=rules.JOURNAL,
            owner=place.owner,
            site=place.site,
            device_id=place.device_id,
            serial=place.serial,
            epoch=place.epoch,
            source="http",
            zone=place.zone,
            read_at=self._clock.now(),
            records=records,
        )
        kept = await rpc.ask(
            self._bus,
            catalog.RECORD_PUNCHES,
            RecordPunches(batch=batch, wait=request.wait),
            PunchesKept,
            seconds=rpc.ANSWER_SECONDS + request.wait,
        )
        return LogTaken(recorded=kept.recorded, known=kept.known, forwarded=kept.forwarded)

    async def _admitted(self, request: TakeLog) -> places.Place:
        if not storable(request.serial):
            raise MusterError(Code.DEVICE_OFFLINE)
        async with transaction(self._engine, "take log") as connection:
            found = await places.of_anyones_serial(connection, request.serial)
            ids = [each.device_id for each in found]
            good = await paths.good_of(connection, ids, self._clock.now())
        token = request.token.get_secret_value() if request.token else ""
        digest = admission.digest_of(token)
        # A token is one device's alone: nobody shuts it out by registering the same serial.
        granted = [each for each in found if rules.granted(digest, good.get(each.device_id, ()))]
        if not granted and not good:
            granted = list(found)
        if len(granted) != 1:
            raise MusterError(Code.DEVICE_OFFLINE)
        return granted[0]


def routes(logs: Logs, answers: rpc.Answers) -> None:
    """Hear of logs; whoever knows a serial may send one."""
    answers.to_anyone(catalog.TAKE_LOG, TakeLog, logs.take, workers=WAITING)
