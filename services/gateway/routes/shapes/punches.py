"""Which punches callers ask for."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, WithJsonSchema

from services.gateway import rules
from services.gateway.routes.bodies import invalid
from services.gateway.routes.shapes.fields import LEFT_OUT, PLAIN, Digits, Id, Pages, Zone
from shared.contracts.attendance import SUMMARY_DAYS, Grouping, ListPunches, SummarizePunches
from shared.contracts.errors import FieldProblem

_NOT_A_DAY: Final = "must be a date such as 2024-02-05"
_DATE: Final = {"format": "date"}
_MOMENT: Final = {"format": "date-time"}
_EMPTY: Final = {"maxLength": 0}


def _start(sent: object) -> object:
    return rules.start_of(sent) if isinstance(sent, str) and sent else None


def _end(sent: object) -> object:
    return rules.end_of(sent) if isinstance(sent, str) and sent else None


def _day(sent: object) -> object:
    if not isinstance(sent, str) or not sent:
        return None
    try:
        return date.fromisoformat(sent) if re.fullmatch(r"[0-9-]{10}", sent) else _no_day()
    except ValueError:
        return _no_day()


def _no_day() -> date:
    raise ValueError(_NOT_A_DAY)


def _either(*forms: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "anyOf": [*forms, _EMPTY], "examples": ["2024-02-05"]})


Start = Annotated[datetime | None, BeforeValidator(_start), _either(_DATE, _MOMENT)]
End = Annotated[datetime | None, BeforeValidator(_end), _either(_DATE, _MOMENT)]
Day = Annotated[date | None, BeforeValidator(_day), _either(_DATE)]
Limit = Annotated[int, Field(ge=1, le=1000), Digits]
AnyUser = Annotated[str, Field(max_length=64, pattern=PLAIN)] | None
AnyDevice = Annotated[Id, Digits] | None


class Period(Pages):
    """Which punches, by time: a date is a whole UTC day, and both ends are included."""

    limit: Limit = 20
    start_date: Start = LEFT_OUT
    end_date: End = LEFT_OUT

    def asking(self, device_id: int | None = None, user_id: str | None = None) -> ListPunches:
        """Return the question to attendance."""
        return ListPunches(
            page=self.page,
            limit=self.limit,
            device_id=device_id,
            user_id=user_id,
            start=self.start_date,
            end=self.end_date,
        )


class Punches(Period):
    """Which punches, by device and person as well."""

    device_id: AnyDevice = LEFT_OUT
    user_id: AnyUser = LEFT_OUT


class Today(Pages):
    """Which of today's punches; whose day it is, the zone says."""

    limit: Limit = 20
    device_id: AnyDevice = LEFT_OUT
    user_id: AnyUser = LEFT_OUT
    zone: Zone = "UTC"

    def asking(self, now: datetime) -> ListPunches:
        """Return the question to attendance."""
        start, end = rules.today(now, self.zone)
        return ListPunches(
            page=self.page,
            limit=self.limit,
            device_id=self.device_id,
            user_id=self.user_id,
            start=start,
            end=end,
        )


class Summary(Pages):
    """Which days, at most 366, and what a line stands for.

    Without an end it is today, or the 366th day; without a beginning, the last day alone.
    """

    limit: Limit = 20
    start_date: Day = LEFT_OUT
    end_date: Day = LEFT_OUT
    device_id: AnyDevice = LEFT_OUT
    user_id: AnyUser = LEFT_OUT
    zone: Zone = "UTC"
    by: Literal["day", "user", "day,user"] = "day,user"

    def asking(self, now: datetime) -> SummarizePunches:
        """Return the question to attendance; raise VALIDATION_ERROR for too many days."""
        today = now.astimezone(ZoneInfo(self.zone)).date()
        first = self.start_date or self.end_date or today
        last = self.end_date or today
        if (last - first).days >= SUMMARY_DAYS:
            if self.end_date:
                problem = f"at most {SUMMARY_DAYS} days from the start"
                raise invalid((FieldProblem(field="end_date", problem=problem),))
            last = first + timedelta(days=SUMMARY_DAYS - 1)
        by: dict[str, tuple[Grouping, ...]] = {
            "day": ("day",),
            "user": ("user",),
            "day,user": ("day", "user"),
        }
        return SummarizePunches(
            page=self.page,
            limit=self.limit,
            device_id=self.device_id,
            user_id=self.user_id,
            first_day=first,
            last_day=last,
            zone=self.zone,
            by=by[self.by],
        )
