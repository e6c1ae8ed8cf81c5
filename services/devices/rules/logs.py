"""Decisions about logs that are POSTed: who may, and what punches they are."""

from __future__ import annotations

from collections import Counter
from hmac import compare_digest
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from shared.contracts.errors import Code, FieldProblem
from shared.contracts.identity import NAMESPACE, canonical_person
from shared.contracts.readings import PunchRecord
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.contracts.devices import PostedRecord

JOURNAL: Final[UUID] = uuid5(NAMESPACE, "logs that are POSTed")
"""In the place of a journal: whoever POSTs keeps the records until they are answered."""
_NOBODY: Final = frozenset({"0", "99999999"})
"""A door's own records, and those of faces that the device does not know (timmy.md 1.4)."""


def granted(digest: str, good: Iterable[str]) -> bool:
    """Tell whether a token's digest is one of a device's good ones; all of them are looked at."""
    found = False
    for each in good:
        found |= compare_digest(digest, each)
    return found


def records_of(posted: Iterable[PostedRecord]) -> tuple[PunchRecord, ...]:
    """Return the records of a log as an agent would have read them.

    Raises VALIDATION_ERROR for records of nobody, and for times with a zone.
    """
    records = tuple(posted)
    if problems := tuple(_problems(records)):
        details = "; ".join(f"{each.field}: {each.problem}" for each in problems)
        raise MusterError(Code.VALIDATION_ERROR, details, fields=problems)
    return tuple(_records(records))


def _problems(posted: Iterable[PostedRecord]) -> Iterator[FieldProblem]:
    for n, each in enumerate(posted):
        if canonical_person(each.user_id) in _NOBODY:
            yield FieldProblem(field=f"records.{n}.user_id", problem="is no person")
        if each.device_time.tzinfo is not None:
            problem = "must be the device's wall clock, without a zone"
            yield FieldProblem(field=f"records.{n}.device_time", problem=problem)


def _records(posted: Iterable[PostedRecord]) -> Iterator[PunchRecord]:
    before: Counter[tuple[str, str]] = Counter()
    for each in posted:
        moment = each.device_time.isoformat(timespec="seconds")
        same = (canonical_person(each.user_id), moment)
        yield PunchRecord(
            person=each.user_id,
            device_time=moment,
            ordinal=before[same],
            verify=each.verify,
            state=each.state,
            event=each.event,
            raw=each.raw,
        )
        before[same] += 1
