"""A device at the end of a link that does as it is told, for what no simulated terminal does."""

from __future__ import annotations

import asyncio
import hashlib
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from services.devices.agent.links.base import Fetched, Greeting, Keep, Tell
from services.devices.drivers.base import DeviceError, PersonEntry, Table
from shared.contracts.actions import (
    Action,
    Cleared,
    Done,
    Enroll,
    Enrolment,
    EnrolmentBegun,
    Result,
    Said,
)
from shared.contracts.agents import RosterDevice
from shared.contracts.errors import Code
from shared.contracts.operations import Progress
from shared.contracts.readings import Hardware, Template

_RECORD = struct.Struct("<H24sBIB8s")
_MOST = 1600
"""Records in one piece: about what a chunk over TCP holds."""
LOST = DeviceError(Code.DEVICE_UNREACHABLE, "The cable was pulled.")


def records(count: int, people: int = 500, since: int = 830_000_000) -> Iterable[bytes]:
    """A log of 40-byte records in pieces: a few people, one second after the other."""
    for start in range(0, count, _MOST):
        yield b"".join(
            _RECORD.pack(1, b"%d" % (number % people), 1, since + number // 3, 0, bytes(8))
            for number in range(start, min(count, start + _MOST))
        )


def narrow(count: int, slot: int = 1, since: int = 830_000_000) -> Iterable[bytes]:
    """A log of 8-byte records of layout A, all of one slot."""
    return [b"".join(struct.pack("<HBIB", slot, 1, since + n, n % 2) for n in range(count))]


def live(person: str) -> bytes:
    """A live punch in the form of 32 bytes."""
    return struct.pack("<24sBB6B", person.encode(), 1, 0, 26, 3, 2, 16, 0, 0)


@dataclass
class Script:
    """What the device holds and does; a test changes it as it goes."""

    serial: str
    log: Callable[[], Iterable[bytes]] = lambda: ()
    counts: int | None = None
    people: tuple[PersonEntry, ...] = ()
    templates: tuple[Template, ...] = ()
    trouble: dict[str, list[Exception]] = field(default_factory=dict)
    """What the next calls of a method end with, before anything else."""
    steps: int = 0
    """How many times an action tells how far it is."""
    pace: float = 0
    """How many seconds each step takes."""
    at_once: int = 0
    most_at_once: int = 0
    performed: list[Action] = field(default_factory=list)
    readings: int = 0
    cleared: list[Table] = field(default_factory=list)
    live: asyncio.Queue[bytes | DeviceError] = field(default_factory=asyncio.Queue)
    opened: int = 0
    settled: list[bool] = field(default_factory=list)
    """What it was told of the events it handed over: whether each is kept."""
    said: Said = None
    hardware: Hardware | None = None
    address: str | None = None
    looks: list[Enrolment] = field(default_factory=list)
    """What it answers when it is asked how an enrolment goes; the last again and again."""
    looked: int = 0

    def fails(self, method: str, *errors: Exception) -> None:
        self.trouble.setdefault(method, []).extend(errors)


class ScriptedLink:
    """One connection to the scripted device."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._ended = asyncio.Event()
        self.dead = False
        self.clock_seconds = 5.0

    @property
    def said(self) -> Said:
        return self._script.said

    def _meet(self, method: str) -> None:
        """Raise what the script has for this call; a lost cable ends the link."""
        if self.dead:
            raise LOST
        waiting = self._script.trouble.get(method, [])
        if not waiting:
            return
        error = waiting.pop(0)
        if isinstance(error, DeviceError) and error.code in {
            Code.DEVICE_UNREACHABLE,
            Code.DEVICE_NO_ANSWER,
            Code.OUTCOME_UNKNOWN,
        }:
            self.dead = True
        raise error

    async def open(self) -> Greeting:
        self._script.opened += 1
        self._meet("open")
        script = self._script
        return Greeting(script.serial, "1.0", script.hardware, script.address)

    async def listen(self) -> None:
        self._meet("listen")

    async def event(self) -> bytes:
        ends = asyncio.ensure_future(self._ended.wait())
        event = asyncio.ensure_future(self._script.live.get())
        try:
            await asyncio.wait({ends, event}, return_when=asyncio.FIRST_COMPLETED)
            if ends.done():
                raise LOST
            body = event.result()
        finally:
            ends.cancel()
            event.cancel()
        if isinstance(body, DeviceError):
            self.dead = True
            raise body
        return body

    async def settle(self, *, kept: bool) -> None:
        self._script.settled.append(kept)

    async def log(self, keep: Keep) -> Table:
        self._script.readings += 1
        digest, size = hashlib.sha256(), 0
        for piece in self._script.log():
            await asyncio.sleep(0)
            keep(piece)
            digest.update(piece)
            size += len(piece)
        self._meet("log")
        return Table(size, self._script.counts, self._script.counts, digest.hexdigest())

    async def people(self) -> tuple[PersonEntry, ...]:
        self._meet("people")
        return self._script.people

    async def clock(self) -> str | None:
        self._meet("clock")
        return None

    async def templates(self, user_id: str | None) -> Fetched:
        self._meet("templates")
        templates = tuple(t for t in self._script.templates if user_id in {None, t.user_id})
        people = tuple(p for p in self._script.people if user_id in {None, p.user_id})
        return Fetched(templates, people)

    async def clear_log(self, expected: Table) -> Cleared:
        self._meet("clear_log")
        self._script.cleared.append(expected)
        self._script.log = lambda: ()
        return Cleared(records=expected.size // _RECORD.size, noted=True)

    async def do(self, action: Action, tell: Tell) -> Result:
        script = self._script
        script.performed.append(action)
        script.at_once += 1
        script.most_at_once = max(script.most_at_once, script.at_once)
        for step in range(script.steps):
            await asyncio.sleep(script.pace)
            await tell(Progress(total=script.steps, done=step + 1))
        script.at_once -= 1
        self._meet("do")
        if isinstance(action, Enroll) and not action.follow:
            return EnrolmentBegun(user_id=action.user_id, finger=action.finger)
        return Done()

    async def enrolment(self, begun: EnrolmentBegun) -> Enrolment:
        self._script.looked += 1
        self._meet("enrolment")
        looks = self._script.looks
        return looks.pop(0) if len(looks) > 1 else looks[0]

    async def unlock(self, seconds: int, deadline: float) -> None:
        self._meet("unlock")

    async def close(self) -> None:
        self.dead = True
        self._ended.set()


@dataclass
class Scripts:
    """The scripted devices of a site, by the host that stands for each."""

    by_host: dict[str, Script] = field(default_factory=dict)

    def add(self) -> tuple[str, Script]:
        host = f"script-{len(self.by_host)}"
        self.by_host[host] = Script(f"SCRIPT{len(self.by_host)}")
        return host, self.by_host[host]

    def find(self, device: RosterDevice) -> ScriptedLink | None:
        script = self.by_host.get(device.host)
        return ScriptedLink(script) if script else None
