"""A terminal of plain values for procedures: every command has its answer, and may have a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from services.devices.drivers.base import DeviceError
from services.devices.drivers.timmy.protocol.actions import procedure_for
from services.devices.drivers.timmy.protocol.conversation import Answered, Conversation
from services.devices.drivers.timmy.protocol.procedure import (
    Ask,
    Keep,
    Pause,
    Procedure,
    Reply,
    T,
    Tell,
)
from services.devices.drivers.timmy.protocol.terms import Terms
from shared.contracts.actions import Action, Result
from shared.contracts.errors import Code
from shared.contracts.operations import Progress
from tests.unit.drivers.timmy.made import INFO_B, SERIAL, frame

NOW = datetime(2026, 5, 1, 1, 0, 5, 250_000, tzinfo=UTC)
SILENCE = DeviceError(Code.DEVICE_NO_ANSWER, "silence")
GONE = DeviceError(Code.DEVICE_OFFLINE, "hung up")
NO_USER = {"result": False, "reason": 1, "msg": "can not find the user"}
NO_DATA = {"result": False, "reason": 1, "msg": "have no data"}
NO_COMMAND = {"result": False, "reason": 1, "msg": "can not find this command"}
REFUSED = {"result": False, "reason": 1}
BUSY = {"result": False, "reason": 3}
Body = dict[str, Any]
Fault = Body | DeviceError


def terms(**changes: Any) -> Terms:
    base = Terms(now=lambda: NOW, serial=SERIAL, zone="Asia/Jakarta", family="b", info=INFO_B)
    return base._replace(**changes)


@dataclass
class Held:
    """A person on the terminal."""

    name: str = ""
    admin: int = 0
    enabled: bool = True
    records: dict[int, str | int] = field(default_factory=dict)


@dataclass
class Terminal:
    """Answers as a terminal; ``faults`` answer instead, one by one."""

    people: dict[int, Held] = field(default_factory=dict)
    log: list[Body] = field(default_factory=list)
    paging: str = "p1"
    page_size: int = 40
    profiles: bool = True
    deletes: int = 13
    wraps: bool = False
    settings: Body = field(default_factory=lambda: {"volume": 5, "language": 0})
    clock: str = "2026-05-01 08:00:05"
    statuses: list[int] = field(default_factory=list)
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    asked: list[Body] = field(default_factory=list)
    quiet: bool = False
    at: dict[str, int] = field(default_factory=dict)

    def names(self) -> list[str]:
        return [each["cmd"] for each in self.asked]

    def answer(self, ask: Ask) -> Reply:
        """By way of a conversation, so that commands and answers are what goes over the wire."""
        self.asked.append(ask.command)
        name = ask.command["cmd"]
        faults = self.faults.get(name)
        fault = faults.pop(0) if faults else None
        if isinstance(fault, DeviceError):
            raise DeviceError(fault.code, fault.details)
        body = fault if fault is not None else self._honest(name, ask.command)
        conversation = Conversation()
        conversation.receive(frame(cmd="reg", devinfo=INFO_B))
        conversation.ask(ask.command)
        told = conversation.receive(frame(ret=name, **{"result": True, **body}))
        assert isinstance(told, Answered), told
        return told.reply

    def _honest(self, name: str, command: Body) -> Body:
        method = getattr(self, f"_on_{name}", None)
        return NO_COMMAND if method is None else method(command)

    # ── lists ────────────────────────────────────────────────────────────────

    def _on_getuserlist(self, command: Body) -> Body:
        rows = [
            {"enrollid": who, "admin": str(held.admin), "backupnum": slot}
            for who, held in self.people.items()
            for slot in held.records or {0: "0"}
        ]
        return self._page("getuserlist", command, rows)

    def _on_getalllog(self, command: Body) -> Body:
        return self._page("getalllog", command, self.log)

    def _page(self, name: str, command: Body, rows: list[Body]) -> Body:
        begin = 0 if command["stn"] else self.at.get(name, 0)
        if self.wraps and begin >= len(rows):
            begin = 0
        page = rows[begin : begin + self.page_size]
        end = self.at[name] = begin + len(page)
        if not page:
            return {"count": 0, "from": 0, "to": 0, "record": []}
        count = len(page) if self.paging == "p2" else len(rows)
        return {
            "count": count,
            "from": begin,
            "to": end if self.paging == "p1" else end - 1,
            "record": page,
        }

    # ── people ───────────────────────────────────────────────────────────────

    def _on_getuserinfo(self, command: Body) -> Body:
        held = self.people.get(command["enrollid"])
        if held is None:
            return NO_USER if self.profiles else REFUSED
        if "backupnum" not in command and self.profiles:
            return {"name": held.name, "admin": held.admin, "enable": int(held.enabled)}
        slot = command.get("backupnum", 0)
        if slot not in held.records:
            return NO_DATA if self.profiles else REFUSED
        who = {"enrollid": command["enrollid"], "backupnum": slot}
        return {**who, "name": held.name, "admin": held.admin, "record": held.records[slot]}

    def _on_setuserinfo(self, command: Body) -> Body:
        held = self.people.setdefault(command["enrollid"], Held())
        held.name, held.admin = command["name"], command["admin"]
        if command["record"] != "0":
            held.records[command["backupnum"]] = command["record"]
        return {}

    def _on_deleteuser(self, command: Body) -> Body:
        held = self.people.get(command["enrollid"])
        if held is None:
            return NO_USER if self.profiles else REFUSED
        slot = command["backupnum"]
        if slot == self.deletes:
            del self.people[command["enrollid"]]
        else:
            held.records.pop(slot, None)
        return {}

    def _on_getusername(self, command: Body) -> Body:
        held = self.people.get(command["enrollid"])
        return REFUSED if held is None else {"record": held.name}

    def _on_setusername(self, command: Body) -> Body:
        for row in command["record"]:
            self.people.setdefault(row["enrollid"], Held()).name = row["name"]
        return {}

    def _on_enableuser(self, command: Body) -> Body:
        self.people[command["enrollid"]].enabled = bool(command["enflag"])
        return {}

    def _on_adduser(self, command: Body) -> Body:
        return {"enrollid": command["enrollid"], "backupnum": command["backupnum"]}

    def _on_checkregstatus(self, _: Body) -> Body:
        return {"status": self.statuses.pop(0) if self.statuses else 0}

    # ── the terminal itself ──────────────────────────────────────────────────

    def _on_cleanlog(self, _: Body) -> Body:
        assert self.quiet
        self.log = []
        return {}

    def _on_disabledevice(self, _: Body) -> Body:
        self.quiet = True
        return {}

    def _on_enabledevice(self, _: Body) -> Body:
        self.quiet = False
        return {}

    def _on_gettime(self, _: Body) -> Body:
        return {"time": self.clock}

    def _on_settime(self, command: Body) -> Body:
        self.clock = command["cloudtime"]
        return {}

    def _on_getdevinfo(self, _: Body) -> Body:
        return dict(self.settings)

    def _on_setdevinfo(self, command: Body) -> Body:
        self.settings |= {key: value for key, value in command.items() if key != "cmd"}
        return {}

    def _on_reboot(self, _: Body) -> Body:
        return {}


class Played(NamedTuple):
    """What came of a procedure, beside its result."""

    kept: list[bytes]
    told: list[Progress]
    paused: list[float]
    said: list[str]
    """The commands whose answers people may be shown."""


def play(procedure: Procedure[T], terminal: Terminal) -> tuple[T, Played]:
    """Run a procedure to its end; raise what it raises."""
    played = Played([], [], [], [])
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


def done(action: Action, terminal: Terminal, on: Terms | None = None) -> Result:
    return result_of(procedure_for(action, on or terms()), terminal)


def failure_of(procedure: Procedure[Any], terminal: Terminal) -> DeviceError:
    try:
        result_of(procedure, terminal)
    except DeviceError as error:
        return error
    message = "it did not fail"
    raise AssertionError(message)


def failure(action: Action, terminal: Terminal, on: Terms | None = None) -> Code:
    try:
        procedure = procedure_for(action, on or terms())
    except DeviceError as error:
        return error.code
    return failure_of(procedure, terminal).code


def _sending(procedure: Procedure[T], sent: object) -> Callable[[], Any]:
    return lambda: procedure.send(sent)


def _throwing(procedure: Procedure[T], error: DeviceError) -> Callable[[], Any]:
    return lambda: procedure.throw(error)


def _done(wish: Ask | Keep | Pause | Tell, terminal: Terminal, played: Played) -> object:
    match wish:
        case Ask():
            if not wish.aside:
                played.said.append(wish.command["cmd"])
            return terminal.answer(wish)
        case Keep(piece):
            played.kept.append(piece)
        case Pause(seconds):
            played.paused.append(seconds)
        case Tell(progress):
            played.told.append(progress)
    return None
