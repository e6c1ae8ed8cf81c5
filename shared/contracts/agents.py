"""What the registry and an agent ask of each other; none of it is ever stored on the bus."""

from codecs import lookup
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from shared.contracts.actions import Action
from shared.contracts.message import DeviceText, Instant, Message, OwnerId, SiteId
from shared.contracts.readings import PEOPLE_LIMIT, TEMPLATE_LIMIT, Hardware, Person, Template

Dialect = Literal["zk", "timmy"]
Family = Literal["auto", "a", "b", "c", "d"]
Driver = Literal["native", "pyzk"]
Transport = Literal["tcp", "udp"]
LogLayout = Literal["auto", "8a", "8b", "16", "40", "49"]

_CODE_PAGE_MESSAGE: Final = "must be a text encoding such as utf-8, cp1251, cp1256 or gbk"


def _code_page(name: str) -> str:
    try:
        # As drivers use it: whatever bytes a device holds must come out, and ASCII must be itself.
        same = "A".encode(name, "replace") == b"A"
        b"\xff".decode(name, "backslashreplace")
    except (LookupError, UnicodeError, ValueError):
        same = False
    if not same:
        raise ValueError(_CODE_PAGE_MESSAGE)
    return lookup(name).name


Encoding = Annotated[str, Field(max_length=32), AfterValidator(_code_page)]
TOLD_LIMIT: Final = 500
"""The most that one part of what devices told of by themselves carries."""
UnlockFactor = Annotated[int, Field(ge=1, le=1000)]


class Wire(Message):
    """How one device is spoken to, where devices differ and nothing on the wire says how."""

    driver: Driver = "native"
    """``pyzk`` speaks through that library, in a process of its own."""
    transport: Transport = "tcp"
    encoding: Encoding = "utf-8"
    """The code page of the names on the device."""
    unlock_factor: UnlockFactor = 10
    """What one second of unlocking is on the wire: most boards count tenths."""
    log_layout: LogLayout = "auto"
    """The form of log records; ``auto`` finds it by evidence or refuses."""
    family: Family = "auto"
    """The firmware family of a Timmy terminal (timmy.md 0.1); ``auto`` goes by what it tells."""


class AskRoster(Message):
    """An agent asks which devices its site has."""

    agent: str


class RosterDevice(Wire):
    """All an agent needs to connect to a device; travels only in a reply, never in a stream."""

    device_id: int
    owner: OwnerId
    dialect: Dialect
    host: str
    port: int
    comm_key: Annotated[int, Field(ge=0, repr=False)]
    zone: str
    epoch: int
    serial: str
    """The serial to use when the device does not tell its own; how one that dials in is known."""
    path_digests: tuple[str, ...] = ()
    """SHA-256, in hexadecimal, of the tokens in whose path it may dial in; none: any path."""
    hardware: Hardware | None = None
    """What it told of its body when it first dialled in; None: not yet."""


class Roster(Message):
    """Every device of a site."""

    owner: OwnerId
    devices: tuple[RosterDevice, ...]


class RosterChanged(Message):
    """A site's list of devices is new; ask again."""

    site: SiteId


class Probe(Wire):
    """Try to reach a device as it is to be registered."""

    host: str
    port: int
    comm_key: Annotated[int, Field(ge=0, repr=False)]
    dialect: Dialect = "zk"


class Probed(Message):
    """The device answered."""

    serial: str | None
    firmware: str | None


class Sighted(Message):
    """A terminal dialled in that is not served: nobody registered it, or its body is another."""

    agent: str
    serial: DeviceText
    dialect: Dialect
    address: str
    path: DeviceText
    """As it was asked for; a token in it is masked."""
    hardware: Hardware
    reason: Literal["unknown", "hardware_changed"]


class SightingNoted(Message):
    """It stands in the list of those who wait for approval."""

    serial: str


class AskPermit(Message):
    """Ask the agent for leave to unlock once; nothing opens yet."""

    device_id: int


class Permit(Message):
    """Leave to unlock once; its deadline lies on the agent's own clock."""

    permit_id: UUID


class Unlock(Message):
    """Unlock under a permit; refused when the permit is unknown, used or past its deadline."""

    device_id: int
    permit_id: UUID
    seconds: Annotated[int, Field(ge=1, le=60)]


class Unlocked(Message):
    """The device acknowledged."""

    at: Instant


class Start(Message):
    """An agent is about to do an operation it took off its stream."""

    operation_id: UUID


class Started(Message):
    """Leave to do it, with everything it needs, secrets too; CONFLICT when it was canceled."""

    action: Action
    again: bool
    """Whether it was started before and nobody knows how far that came."""
    attempt: int | None = None
    """Which of its attempts this is, for its outcomes to name; a first registry does not tell."""


class DepositPeople(Message):
    """People an agent read, a part at a time; what a complete reading does not name is gone."""

    device_id: int
    reading_id: UUID
    read_at: Instant
    people: Annotated[tuple[Person, ...], Field(max_length=PEOPLE_LIMIT)]
    last: bool


class DepositTemplates(Message):
    """Templates an agent read for an operation, a part at a time."""

    operation_id: UUID
    device_id: int
    read_at: Instant
    templates: Annotated[tuple[Template, ...], Field(max_length=TEMPLATE_LIMIT)]
    people: Annotated[tuple[Person, ...], Field(max_length=TEMPLATE_LIMIT)] = ()
    """Whose they are, as the device holds them now, where reading templates tells."""


class Told(Message):
    """People and templates that one device told of by itself."""

    device_id: int
    told_at: Instant
    people: tuple[Person, ...]
    """Each with the numbers of what is told now; the rest of what the device holds is not told."""
    templates: tuple[Template, ...]


class DepositTold(Message):
    """What devices of a site told of by themselves, many at once: they come in thousands."""

    items: Annotated[tuple[Told, ...], Field(min_length=1, max_length=TOLD_LIMIT)]


class Deposited(Message):
    """The part is committed."""

    count: int
