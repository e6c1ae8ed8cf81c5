"""The server's side of one connection: what the frames that come in mean, and what answers them.

Without any I/O: a link hands over what it reads and writes what it is given. The dialect has no
number that ties an answer to its command, only the name, so one command is in flight at a time, and
an answer that comes late must not be taken for that of the next command of its name: see ``owes``.
Whatever the terminal says unasked is answered only when the agent has settled it (timmy.md 1.2).
"""

import re
from collections import deque
from datetime import datetime
from typing import Any, Final, NamedTuple

from services.devices.drivers.base import DecodeError
from services.devices.drivers.timmy.codec import hardware, times
from services.devices.drivers.timmy.codec.fields import number, text
from services.devices.drivers.timmy.codec.frames import canonical, parsed, written
from services.devices.drivers.timmy.messages import (
    ASKS_TO_PASS,
    LOG,
    NOTHING_HERE,
    REGISTER,
    SERIAL,
    UNANSWERED,
    USER,
    Family,
)
from services.devices.drivers.timmy.protocol.procedure import Reply
from shared.contracts.readings import Hardware

LATE_SECONDS: Final = 10.0
"""After so long the answer to a command that was given up is taken never to come (1.9)."""
_SERIAL: Final = re.compile(SERIAL)
_ECHOED: Final = ("enrollid", "backupnum")
"""What some of its answers repeat of their command."""
_REPEATED: Final = {LOG: ("count", "logindex"), USER: _ECHOED}
"""What our answers repeat of what it handed over."""


class Registered(NamedTuple):
    """The terminal says who it is; answer it by ``accept`` or ``refuse``."""

    serial: str
    """In capitals."""
    hardware: Hardware
    info: dict[str, Any]
    """What it tells of itself (``devinfo``), for ``Terms``."""
    again: bool
    """Whether it had said so on this connection before: no more than a sign of life."""


class Handed(NamedTuple):
    """Something it wants kept; answer it by ``settled`` once it is, or is not."""

    body: bytes
    """For ``TimmyDriver.live``."""


class Answered(NamedTuple):
    """The command in flight has its answer."""

    reply: Reply


class Stray(NamedTuple):
    """A frame that is to be dropped: the answer to nothing in flight, for one."""

    what: str


class Refused(NamedTuple):
    """A frame that nothing is believed of."""

    answer: str
    """To be sent. Empty: nothing could be made out, and the connection is of no use any more."""
    why: str


Told = Registered | Handed | Answered | Stray | Refused


class Conversation:
    """One connection of one terminal; see the words above."""

    def __init__(self) -> None:
        self._info: dict[str, Any] = {}
        self._command: dict[str, Any] | None = None
        self._owed: set[str] = set()
        self._handed: deque[dict[str, Any]] = deque()
        self.serial: str | None = None
        """Who it is, in capitals; None until it has said so."""

    @property
    def family(self) -> Family:
        """Return the family of its firmware, by what it told."""
        return hardware.family(self._info)

    @property
    def waiting(self) -> bool:
        """Whether a command is in flight."""
        return self._command is not None

    # ── what is asked ────────────────────────────────────────────────────────

    def ask(self, command: dict[str, Any]) -> str:
        """Return the frame of a command, which is in flight from now on.

        Raises RuntimeError while another one is, or an answer to one of its name is owed.
        """
        if self._command is not None or self.owes(command["cmd"]):
            msg = f"an answer must come or be given up before {command['cmd']}"
            raise RuntimeError(msg)
        self._command = command
        return written(command)

    def forget(self) -> None:
        """Give up the command in flight; its answer is owed from now on."""
        if self._command is not None:
            self._owed.add(self._command["cmd"])
            self._command = None

    def owes(self, name: str) -> bool:
        """Return whether the answer to a command of this name that was given up may yet come.

        The next one of that name waits until it came, or for LATE_SECONDS and then ``forgive``.
        """
        return name in self._owed

    def forgive(self, name: str) -> None:
        """Take it that the answer that is owed never comes."""
        self._owed.discard(name)

    # ── what it says ─────────────────────────────────────────────────────────

    def receive(self, frame: str | bytes) -> Told:
        """Take a frame in; never raises."""
        try:
            body = parsed(frame)
        except DecodeError as error:
            return Refused("", f"It is no frame of this dialect: {error}.")
        if isinstance(body.get("ret"), str):
            return self._answer(body, body["ret"])
        if not isinstance(body.get("cmd"), str):
            return Refused("", "It is neither a command nor an answer.")
        return self._said(body, body["cmd"])

    def accept(self, now_local: datetime) -> str:
        """Return the answer that admits the terminal; it sets its clock by ``now_local`` (1.3).

        Credentials that are enrolled at it are wanted, hence ``nosenduser`` false (1.6).
        """
        return written(
            {
                "ret": REGISTER,
                "result": True,
                "cloudtime": times.spelled(now_local),
                "nosenduser": False,
            }
        )

    def refuse(self, reason: str) -> str:
        """Return the answer that does not admit it; it shows the reason on its screen (1.2)."""
        return written({"ret": REGISTER, "result": False, "reason": reason})

    def settled(self, *, kept: bool, now_local: datetime) -> str | None:
        """Return the answer to the oldest frame that was handed over, None when it wants none.

        What was not kept the terminal keeps, and hands over again. No answer ever lets anybody
        pass: neither a record that may be old, nor whoever shows a code.
        """
        said = self._handed.popleft()
        name = said["cmd"]
        if name in UNANSWERED:
            return None
        if not kept or name in NOTHING_HERE:
            return _no(name)
        answer: dict[str, Any] = {"ret": name, "result": True}
        if name in _REPEATED:
            # A terminal that does not count wants none of it (1.6).
            answer |= {field: said[field] for field in _REPEATED[name] if field in said}
            answer["cloudtime"] = times.spelled(now_local)
        elif name in ASKS_TO_PASS:
            answer["access"] = 0
        return written(answer)

    def _answer(self, body: dict[str, Any], name: str) -> Told:
        if self._is_other(body):
            return Stray(f"an answer to {name} that names another serial number")
        command = self._command
        if command is None or command["cmd"] != name or not _belongs(body, command):
            self._owed.discard(name)
            return Stray(f"an answer to {name}, which is not in flight")
        self._command = None
        return Answered(_reply(body))

    def _said(self, body: dict[str, Any], name: str) -> Told:
        if name == REGISTER:
            return self._registered(body)
        if self.serial is None:
            return Refused(_no(name), f"It said {name} before it said who it is.")
        if self._is_other(body):
            return Refused(_no(name), f"It said {name} under another serial number.")
        if name == USER:
            # Faces do not show what made them, and live events are read without knowing more.
            body = {"fpalgo": self._info.get("fpalgo"), **body}
        self._handed.append(body)
        return Handed(canonical(body))

    def _registered(self, body: dict[str, Any]) -> Told:
        serial = text(body.get("sn")).upper()
        if not _SERIAL.fullmatch(serial):
            return Refused(
                self.refuse("bad serial number"), "It has no serial number, or a bad one."
            )
        if self._is_other(body):
            return Refused(self.refuse("other terminal"), "It changed its serial number.")
        again, self.serial = self.serial is not None, serial
        info = body.get("devinfo")
        self._info = info if isinstance(info, dict) else {}
        told = hardware.hardware(body.get("cpusn"), self._info)
        return Registered(serial, told, self._info, again)

    def _is_other(self, body: dict[str, Any]) -> bool:
        """Return whether a frame names another serial number; old firmware names none (1.2)."""
        named = text(body.get("sn")).upper()
        return self.serial is not None and named not in {"", self.serial}


def _belongs(body: dict[str, Any], command: dict[str, Any]) -> bool:
    """Return whether an answer repeats what it repeats of its command rightly."""
    return all(
        number(body[each]) == number(command[each])
        for each in _ECHOED
        if each in body and each in command
    )


def _reply(body: dict[str, Any]) -> Reply:
    # The answer to gettime has no result at all (1.7).
    ok = body.get("result", True) is True
    return Reply(body, ok, number(body.get("reason")), text(body.get("msg")))


def _no(name: str) -> str:
    return written({"ret": name, "result": False, "reason": 1})
