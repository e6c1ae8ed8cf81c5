"""Punches by phone: how one becomes a batch, and what nobody else may claim to be."""

import re
from datetime import datetime
from typing import Final
from uuid import UUID

from services.attendance.rules.batches import text_of
from shared.contracts.attendance import APP_SERIAL, PunchByApp, app_site, is_app_site
from shared.contracts.auth import Caller
from shared.contracts.readings import PeopleRead, Person, PunchBatch, PunchRecord

DEVICE_ID: Final = 0
"""The device that an owner's phones are; real ones count from 1."""
_NO_JOURNAL: Final = UUID(int=0)
"""Nobody keeps what a phone sent until there is a receipt."""
_PUNCH_ID: Final = re.compile(r"[0-9a-f]{24}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def are_phones(read: PunchBatch | PeopleRead) -> bool:
    """Tell whether a message speaks for an owner's phones, as no agent may."""
    if is_app_site(read.site) or read.device_id == DEVICE_ID:
        return True
    if isinstance(read, PeopleRead):
        return False
    serial = text_of(read.serial)
    # Under their site's name as a serial number, records would have the identities of theirs.
    return serial == APP_SERIAL or is_app_site(serial) or read.source == "app"


def batch_of(
    ask: PunchByApp, caller: Caller, batch_id: UUID, at: datetime, ordinal: int
) -> PunchBatch:
    """Return a punch by phone as a batch of one; ``at`` is when it was heard, in UTC."""
    return PunchBatch(
        batch_id=batch_id,
        journal_id=_NO_JOURNAL,
        owner=caller.owner,
        site=app_site(caller.owner),
        device_id=DEVICE_ID,
        serial=APP_SERIAL,
        epoch=0,
        source="app",
        zone="UTC",
        read_at=at,
        records=(
            PunchRecord(
                person=caller.enroll_id or "",
                device_time=at.replace(tzinfo=None).isoformat(timespec="seconds"),
                ordinal=ordinal,
                state=ask.event,
                event=ask.event,
            ),
        ),
    )


def name_of(batch: PunchBatch, name: str) -> PeopleRead:
    """Return the name of who punched, as a device would tell it."""
    return PeopleRead(
        owner=batch.owner,
        site=batch.site,
        device_id=batch.device_id,
        read_at=batch.read_at,
        people=(Person(user_id=batch.records[0].person, name=name),) if name else (),
    )


def span_of(punch_id: str) -> tuple[UUID, UUID] | None:
    """Return the first and the last id that an id or its first 24 digits stand for."""
    text = punch_id.lower()
    if not _PUNCH_ID.fullmatch(text):
        return None
    digits = text.replace("-", "")
    return UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
