"""The dialect as the agent knows it: what a terminal sent, and what it means."""
# ruff: noqa: ARG002 - this dialect needs less than the interface offers

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from services.devices.drivers.base import DecodeError, Live, LogEntry, Notice, Table
from services.devices.drivers.timmy.codec import people, records
from services.devices.drivers.timmy.codec.fields import text
from services.devices.drivers.timmy.codec.frames import parsed
from services.devices.drivers.timmy.codec.templates import template
from services.devices.drivers.timmy.messages import (
    ASKS_TO_PASS,
    LOG,
    NOTHING_HERE,
    SIGNS_OF_LIFE,
    UNANSWERED,
    USER,
)
from shared.contracts.agents import LogLayout

_NOTHING_TO_KEEP: Final = ASKS_TO_PASS | NOTHING_HERE | SIGNS_OF_LIFE | UNANSWERED


class TimmyDriver:
    """The dialect of Timmy terminals; implements ``drivers.base.Driver``."""

    @property
    def hands_over(self) -> bool:
        """Whether the terminal itself hands over every record until it has its answer: it does."""
        return True

    def layout(self, rows: Iterable[bytes], table: Table, now: datetime, wanted: LogLayout) -> str:
        """Return the one form of a log's records: an object a line."""
        return "json"

    def log(
        self, rows: Iterable[bytes], layout: str, slots: Mapping[int, str]
    ) -> Iterator[LogEntry]:
        """Return a log's punches in order, without what happened at the door or by strangers."""
        return records.punches(rows)

    def live(self, body: bytes, slots: Mapping[int, str]) -> Live:
        """Return what a frame that was handed over carries.

        A record of which nobody can tell whose it is, or when, is ``unknown``. Raises DecodeError
        for a command that nobody knows, and for a person or a template of no known form.
        """
        said = parsed(body)
        name = said.get("cmd")
        if name == LOG:
            return _log(said)
        if name == USER:
            return _user(said)
        if name in _NOTHING_TO_KEEP:
            return Live()
        msg = f"nobody knows what {text(name)!r} says"
        raise DecodeError(msg)


def _log(said: dict[str, Any]) -> Live:
    told, unknown = records.read(records.rows(said))
    return Live(
        entries=tuple(each for each in told if isinstance(each, LogEntry)),
        notices=tuple(each for each in told if isinstance(each, Notice)),
        unknown=unknown,
    )


def _user(said: dict[str, Any]) -> Live:
    person, slot = people.person(said), people.slot(said)
    if slot is None:
        return Live(people=(person,))
    held = template(person.user_id, slot, said.get("record"), text(said.get("fpalgo")))
    if held is None:
        return Live(people=(person._replace(credentials=()),))
    return Live(people=(person,), templates=(held,))
