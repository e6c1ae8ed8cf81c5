"""A terminal of plain values for procedures: every request has its answer, and may have a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.codec import times
from services.devices.drivers.zk.messages import (
    BUFFER,
    COMMIT,
    PART,
    SELECT,
    SIZE_WORD,
    SIZES,
    SIZES_FACES,
    USER_72,
    Command,
    ReplyCode,
)
from services.devices.drivers.zk.protocol.procedure import (
    Ask,
    Await,
    Heard,
    Keep,
    Procedure,
    Reply,
    T,
    Tell,
)
from services.devices.drivers.zk.protocol.terms import Terms
from shared.contracts.errors import Code
from shared.contracts.operations import Progress

NOW = datetime(2026, 3, 2, 8, 30, 15, 250_000, tzinfo=UTC)
OK = Reply(ReplyCode.OK, 0)
NO = Reply(ReplyCode.ERROR, 0)
SILENCE = DeviceError(Code.DEVICE_NO_ANSWER, "silence")
Answer = Reply | DeviceError | Callable[[Ask], Reply]


def terms(**changes: Any) -> Terms:
    return Terms(now=lambda: NOW)._replace(**changes)


def sizes_body(users: int = 0, records: int = 0) -> bytes:
    numbers = [0] * 20
    numbers[4], numbers[8], numbers[15], numbers[16] = users, records, 3000, 100_000
    return SIZES.pack(*numbers) + SIZES_FACES.pack(0, 0)


@dataclass
class Terminal:
    """Holds tables of 40-byte records and 72-byte users; ``faults`` answer instead, one by one."""

    log: bytes = b""
    users: bytes = b""
    operations: bytes = b""
    templates: bytes = b""
    prints: dict[tuple[int, int], bytes] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    clock: int = times.pack(NOW.replace(tzinfo=None))
    faults: dict[int, list[Answer]] = field(default_factory=dict)
    events: list[Heard | DeviceError] = field(default_factory=list)
    inline: int = 1024
    log_width: int = 40
    asked: list[Ask] = field(default_factory=list)
    enabled: bool = True
    buffer: bytes | None = None
    upload: bytes = b""

    def answer(self, ask: Ask) -> Reply:
        self.asked.append(ask)
        faults = self.faults.get(ask.command)
        if not faults:
            return self._honest(ask)
        fault = faults.pop(0)
        if isinstance(fault, DeviceError):
            raise fault
        return fault(ask) if callable(fault) else fault

    def commands(self) -> list[int]:
        return [ask.command for ask in self.asked]

    def _honest(self, ask: Ask) -> Reply:
        method = getattr(self, f"_on_{Command(ask.command).name.lower()}", None)
        return OK if method is None else method(ask.data)

    def _on_sizes(self, _: bytes) -> Reply:
        body = sizes_body(len(self.users) // USER_72.size, len(self.log) // self.log_width)
        return OK._replace(data=body)

    def _on_prepare_buffer(self, data: bytes) -> Reply:
        _, command, _, _ = SELECT.unpack(data)
        rows = {
            Command.LOG: self.log,
            Command.USERS: self.users,
            Command.OPERATIONS: self.operations,
            Command.TABLE_TEMPLATES: self.templates,
        }[Command(command)]
        whole = SIZE_WORD.pack(len(rows)) + rows
        if len(whole) <= self.inline:
            return Reply(ReplyCode.DATA, 0, whole)
        self.buffer = whole
        return OK._replace(data=BUFFER.pack(0, len(whole), len(whole), 0x23EFCD))

    def _on_read_buffer(self, data: bytes) -> Reply:
        offset, length = PART.unpack(data)
        if self.buffer is None or offset + length > len(self.buffer):
            return NO
        return Reply(ReplyCode.DATA, 0, self.buffer[offset : offset + length])

    def _on_free_data(self, _: bytes) -> Reply:
        self.buffer = None
        return OK

    def _on_enable(self, _: bytes) -> Reply:
        self.enabled = True
        return OK

    def _on_disable(self, _: bytes) -> Reply:
        self.enabled = False
        return OK

    def _on_clear_log(self, _: bytes) -> Reply:
        self.log = b""
        return OK

    def _on_user_write(self, data: bytes) -> Reply:
        self.users = self._without(data[:2]) + data
        return OK

    def _on_delete_user(self, data: bytes) -> Reply:
        self.users = self._without(data)
        return OK

    def _without(self, uid: bytes) -> bytes:
        each = (self.users[at : at + 72] for at in range(0, len(self.users), 72))
        return b"".join(user for user in each if user[:2] != uid)

    def _on_template_read(self, data: bytes) -> Reply:
        held = self.prints.get((int.from_bytes(data[:2], "little"), data[2]))
        return NO if held is None else Reply(ReplyCode.DATA, 0, held + b"\0")

    def _on_prepare_data(self, _: bytes) -> Reply:
        self.upload = b""
        return OK

    def _on_data(self, data: bytes) -> Reply:
        self.upload += data
        return OK

    def _on_template_write(self, data: bytes) -> Reply:
        uid, finger, _, size = COMMIT.unpack(data)
        assert size == len(self.upload)
        self.prints[uid, finger] = self.upload
        return OK

    def _on_get_time(self, _: bytes) -> Reply:
        return OK._replace(data=self.clock.to_bytes(4, "little"))

    def _on_set_time(self, data: bytes) -> Reply:
        self.clock = int.from_bytes(data, "little")
        return OK

    def _on_version(self, _: bytes) -> Reply:
        return OK._replace(data=b"Ver 6.60 Apr 26 2016\0rubbish")

    def _on_option_read(self, data: bytes) -> Reply:
        name = data.rstrip(b"\0").decode()
        if name not in self.options:
            return NO
        return OK._replace(data=f"{name}={self.options[name]}\0".encode())

    def _on_option_write(self, data: bytes) -> Reply:
        name, _, value = data.rstrip(b"\0").decode().partition("=")
        self.options[name] = value
        return OK


class Played(NamedTuple):
    """What came of a procedure, beside its result."""

    kept: list[bytes]
    told: list[Progress]


def play(procedure: Procedure[T], terminal: Terminal) -> tuple[T, Played]:
    """Run a procedure to its end; raise what it raises."""
    played = Played([], [])
    step: Callable[[], Any] = lambda: next(procedure)  # noqa: E731 - the first of many steps
    while True:
        try:
            wish = step()
        except StopIteration as end:
            return end.value, played
        try:
            sent = _done(wish, terminal, played)
        except DeviceError as error:
            step = _throwing(procedure, error)
        else:
            step = _sending(procedure, sent)


def result_of(procedure: Procedure[T], terminal: Terminal) -> T:
    return play(procedure, terminal)[0]


def rows_of(entries: Iterable[bytes]) -> bytes:
    return b"".join(entries)


def _sending(procedure: Procedure[T], sent: object) -> Callable[[], Any]:
    return lambda: procedure.send(sent)


def _throwing(procedure: Procedure[T], error: DeviceError) -> Callable[[], Any]:
    return lambda: procedure.throw(error)


def _done(wish: Ask | Keep | Await | Tell, terminal: Terminal, played: Played) -> object:
    match wish:
        case Ask():
            return terminal.answer(wish)
        case Keep(piece):
            played.kept.append(piece)
        case Tell(progress):
            played.told.append(progress)
        case Await(codes, _):
            event = terminal.events.pop(0) if terminal.events else SILENCE
            if isinstance(event, DeviceError):
                raise event
            assert event.code in codes
            return event
    return None
