"""One terminal's connection, from its first word on: what it says, and how it ends."""

import asyncio
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from websockets.asyncio.server import broadcast
from websockets.frames import CloseCode
from websockets.protocol import State

from services.devices.agent.links.reception.admission import Claim, Path
from services.devices.agent.links.reception.commands import Commands
from services.devices.agent.links.reception.crowd import Guest
from services.devices.agent.links.reception.pulse import Pulse
from services.devices.agent.links.reception.quota import Quota
from services.devices.drivers.base import DeviceError
from services.devices.drivers.timmy.messages import Family
from services.devices.drivers.timmy.protocol.conversation import (
    Answered,
    Conversation,
    Handed,
    Refused,
    Registered,
    Stray,
)
from services.devices.drivers.timmy.protocol.procedure import Ask
from shared.contracts.agents import RosterDevice
from shared.contracts.errors import Code
from shared.kit.clock import Clock
from shared.kit.logging import get_logger

log = get_logger(__name__)

_AHEAD: Final = 1
"""Frames that are read while an earlier one is being settled: an answer may stand behind it."""
_NONSENSE: Final = (20, 60.0)
"""How many frames that are of no use are borne with, within how many seconds."""
_SIGN_SECONDS: Final = 4.0
_REASON_BYTES: Final = 120
"""What a close frame has room for."""


class UnfitError(Exception):
    """Nothing that comes of this connection can be of use: close it, and say why."""

    def __init__(self, code: CloseCode, why: str) -> None:
        super().__init__(why)
        self.code = code


class Visit:
    """One terminal's connection.

    What the terminal hands over is returned by ``handed`` and answered by ``settle``, in order.
    """

    def __init__(self, guest: Guest, path: Path, clock: Clock) -> None:
        self._guest = guest
        self._path = path
        self._clock = clock
        self._conversation = Conversation()
        self._zone = ZoneInfo("UTC")
        self._bodies: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._room = asyncio.Semaphore(_AHEAD)
        self._nonsense = Quota(*_NONSENSE)
        self._ended: str | None = None
        self.registered: Registered
        """What it told last of itself; there once it has a serial number."""
        self.commands = Commands(guest, self._conversation, clock)
        """What it can be asked."""
        self.taken = False
        """Whether a link has it."""
        self.pulse = Pulse(guest, clock)
        guest.on_lost = self._lost

    @property
    def serial(self) -> str | None:
        """Who it says it is; None until it does."""
        return self._conversation.serial

    @property
    def address(self) -> str:
        """Where it dialled in from."""
        return str(self._guest.remote_address[0])

    @property
    def claim(self) -> Claim:
        """Who it says it is."""
        return Claim(self.registered.serial, self._path.token, self.registered.hardware)

    @property
    def shown_path(self) -> str:
        """What it dialled, without its token."""
        return self._path.shown

    @property
    def family(self) -> Family:
        """The family of its firmware, by what it told."""
        return self._conversation.family

    # ── what it says ─────────────────────────────────────────────────────────

    async def registration(self) -> Registered:
        """Hear it until it says who it is, also when it says so again.

        Raises UnfitError, and ConnectionClosed when it is gone.
        """
        while True:
            frame = await self._guest.recv()
            self.pulse.beat()
            match self._conversation.receive(frame):
                case Registered() as registered:
                    self.registered = registered
                    return registered
                case Handed(body):
                    await self._hand_on(body)
                case Answered(reply):
                    self.commands.answered(reply)
                case Refused(answer, why):
                    self._refuse(answer, why, frame)
                case Stray(what):
                    self.commands.stray()
                    self._bear_with(what)

    async def _hand_on(self, body: bytes) -> None:
        """Let the body be taken, and wait until there is room for another."""
        self._bodies.put_nowait(body)
        self.pulse.unheard = True
        await self._room.acquire()
        self.pulse.unheard = False
        self.pulse.beat()

    def _refuse(self, answer: str, why: str, frame: str | bytes) -> None:
        if answer:
            self._write(answer)
        if self.serial is None and frame.lstrip()[:1] in {"<", b"<"}:
            why = "wrong protocol: this is XML, and JSON is spoken here"
        if not answer:
            raise UnfitError(CloseCode.POLICY_VIOLATION, why)
        self._bear_with(why)

    def _bear_with(self, what: str) -> None:
        if self.serial is None:
            raise UnfitError(CloseCode.POLICY_VIOLATION, what)
        log.info("frame of no use", serial=self.serial, what=what)
        if not self._nonsense.take(None, self._clock.monotonic()):
            raise UnfitError(CloseCode.POLICY_VIOLATION, f"Too many frames of no use: {what}")

    def admit(self, device: RosterDevice) -> None:
        """Answer its registration: it is this device, and its clock is set."""
        self._zone = ZoneInfo(device.zone)
        self._guest.admitted()
        self._write(self._conversation.accept(self._now_local()))

    def refuse(self, reason: str) -> None:
        """Answer its registration: it is not served, for a reason that stands on its screen."""
        self._write(self._conversation.refuse(reason))

    async def handed(self) -> bytes:
        """Return what it hands over next; raise DeviceError once it is gone."""
        body = await self._bodies.get()
        if body is None:
            self._bodies.put_nowait(None)  # for whoever asks again
            raise self.reason
        return body

    def settle(self, *, kept: bool) -> None:
        """Answer what it handed over first; one that is gone hands it over again."""
        if self.ended:
            return
        answer = self._conversation.settled(kept=kept, now_local=self._now_local())
        if answer is not None:
            self._write(answer)
        self._room.release()

    # ── whether it is there ──────────────────────────────────────────────────

    async def is_there(self) -> bool:
        """Ask it for a sign of life, and return whether one comes within a few seconds."""
        if self.ended:
            return False
        beats = self.pulse.beats
        pong = await self.pulse.ping()
        if pong is not None:
            await asyncio.wait({pong}, timeout=_SIGN_SECONDS)
        else:
            await asyncio.sleep(_SIGN_SECONDS)  # it is taking in something long
        if self.pulse.beats == beats and not self.pulse.answers_pings and not self.ended:
            await self.ask_time()
        return self.pulse.beats > beats and not self.ended

    async def ask_time(self) -> None:
        """Ask it what time it is: what every firmware answers, also what answers no ping.

        Not while another command is in flight: then the answer to that is the sign of life.
        """
        self.pulse.asked()
        if self.commands.turn.locked():
            return
        async with self.commands.turn:
            try:
                await self.commands.exchange(Ask({"cmd": "gettime"}), _SIGN_SECONDS)
            except DeviceError as error:
                log.info("no sign of life", serial=self.serial, error=str(error))

    # ── how it ends ──────────────────────────────────────────────────────────

    @property
    def ended(self) -> bool:
        """Whether nothing more comes of it."""
        return self._ended is not None or self._guest.transport.is_closing()

    @property
    def reason(self) -> DeviceError:
        """Why nothing more comes of it; a fresh one each time, for each raise leaves its marks."""
        return DeviceError(Code.DEVICE_OFFLINE, self._ended or "The terminal is not connected.")

    def end(self, details: str) -> None:
        """Let everybody who waits for it know that nothing more comes; the first reason is kept."""
        if self._ended is None:
            self._ended = details
            self._bodies.put_nowait(None)
            self.commands.end(self.reason)
            self._room.release()

    def bury(self, why: str) -> None:
        """End it without a farewell: nobody is there to hear one."""
        self.end(why)
        self._guest.transport.abort()

    async def close(self, code: int, why: str) -> None:
        """End it, and tell the terminal why; it is given a few seconds to take that in."""
        self.end(why)
        if self._guest.state is not State.OPEN:
            return
        if self._guest.transport.get_write_buffer_size():
            self._guest.transport.abort()  # it takes in nothing as it is
            return
        reason = why.encode()[:_REASON_BYTES].decode(errors="ignore")
        await self._guest.close(code, reason)

    def _lost(self) -> None:
        self.end(f"The terminal's connection ended (code {self._guest.close_code}).")

    def _write(self, frame: str) -> None:
        broadcast((self._guest,), frame)  # which waits for nobody

    def _now_local(self) -> datetime:
        return self._clock.now().astimezone(self._zone).replace(tzinfo=None)
