"""What every dialect is translated into, and the one interface of a driver."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from shared.contracts.agents import LogLayout
from shared.contracts.errors import Code
from shared.contracts.readings import Privilege, Template

IMPOSSIBLE_TIME = "impossible_time"
"""The device gave a date that no calendar has; kept as it was read."""
SLOT_ONLY = "slot_only"
"""The record names a slot of the device's table in which nobody is: the person is the slot."""


class DeviceError(Exception):
    """The device could not be asked, did not answer, or said no; ``code`` is of the catalogue.

    ``said`` is the device's own answer, where its dialect has one that people can read.
    """

    def __init__(self, code: Code, details: str, said: dict[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details
        self.said = said


class DecodeError(Exception):
    """What was read is of no form the dialect knows; nothing of it may be taken as complete.

    ``raw`` is what was read, where only the driver has it.
    """

    def __init__(self, details: str, raw: bytes = b"") -> None:
        super().__init__(details)
        self.raw = raw


class LogEntry(NamedTuple):
    """One record of a device's attendance log, in neutral words."""

    person: str
    device_time: str
    """The device's wall clock, ``YYYY-MM-DDTHH:MM:SS``, even when no such date exists."""
    verify: int | None
    state: int | None
    work_code: str | None
    raw: bytes
    flags: tuple[str, ...] = ()
    event: int | None = None
    """What the person chose at the device, where the dialect tells it apart from ``state``."""


class PersonEntry(NamedTuple):
    """One person as a device holds it; the password is not read out, only whether there is one."""

    user_id: str
    name: str
    privilege: Privilege = "user"
    disabled: bool = False
    card: int | None = None
    group: int | None = None
    has_password: bool = False
    uid: int | None = None
    alias: str | None = None
    credentials: tuple[int, ...] = ()
    """The numbers of what the device holds to know them by, as contracts' Template counts."""


class Notice(NamedTuple):
    """Something that happened at a device and is no punch; see contracts' DeviceEvent."""

    kind: Literal["door", "stranger"]
    code: int | None
    device_time: str
    raw: bytes
    """What makes it the same when it is told again; photos replaced by their digest."""


class Live(NamedTuple):
    """What a live event carries, each part in the order of the device."""

    entries: tuple[LogEntry, ...] = ()
    notices: tuple[Notice, ...] = ()
    people: tuple[PersonEntry, ...] = ()
    """People whom the device tells of, somebody enrolled at it for one."""
    templates: tuple[Template, ...] = ()
    """What it tells to know them by."""
    unknown: tuple[bytes, ...] = ()
    """Records in it that are of no known form; the others are none the worse for them."""


class Table(NamedTuple):
    """What is known of a table that was read whole, besides its records."""

    size: int
    """Bytes of records, without the size word."""
    before: int | None
    """How many records the device counted before the reading; None when it does not tell."""
    after: int | None
    digest: str
    """SHA-256 of the records, in hexadecimal."""


class Driver(Protocol):
    """One dialect: pure functions from what a device sent to what it means."""

    @property
    def hands_over(self) -> bool:
        """Whether the device itself hands over every record until it has its answer.

        Then nothing is read unasked, and a record handed over again is the same one.
        """
        ...

    def layout(self, rows: Iterable[bytes], table: Table, now: datetime, wanted: LogLayout) -> str:
        """Return the form of a log's records, by evidence; ``wanted`` when there are none.

        ``rows`` are the records in pieces of any size and can be iterated again; ``now`` is the
        device's wall clock, without a zone. Raises DecodeError when the form is in doubt, and
        DeviceError PULL_INCOMPLETE when it is plain but the device counts another number.
        """
        ...

    def log(
        self, rows: Iterable[bytes], layout: str, slots: Mapping[int, str]
    ) -> Iterator[LogEntry]:
        """Return a log's records in order; ``slots`` are user ids by slot, for narrow records.

        Linear, and holds no more than a piece at a time. Raises DecodeError at a torn record.
        """
        ...

    def live(self, body: bytes, slots: Mapping[int, str]) -> Live:
        """Return what a live event carries; raise DecodeError for an unknown form."""
        ...


def drift_ms(shown: str, zone: ZoneInfo, now: datetime) -> int:
    """Return a device's wall clock minus true time, in milliseconds.

    A device shows whole seconds: the middle of the one it shows is the best guess, half a second
    is what the guess may be wrong by. ``shown`` is a real date as ISO text, ``now`` aware.
    """
    clock = datetime.fromisoformat(shown).replace(tzinfo=zone) + timedelta(milliseconds=500)
    return (clock - now) // timedelta(milliseconds=1)
