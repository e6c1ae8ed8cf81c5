"""The alternative client of the ZKTeco dialect: pyzk, which blocks and can hang.

So it lives in a process that can be killed, and is an optional extra.
"""

import asyncio
import contextlib
import importlib.util
import sys
from typing import Final, cast

from typing_extensions import override

from services.devices.agent.links.channel import Patience
from services.devices.agent.links.inbox import Inbox
from services.devices.agent.links.pipe import Frame, Frames, encode
from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.protocol.procedure import Ask, Heard, Reply
from shared.contracts.agents import RosterDevice
from shared.contracts.errors import Code
from shared.kit.clock import Clock

_WORKER: Final = "services.devices.agent.links.pyzk_worker"
_TRANSFER_SECONDS: Final = 30.0
"""What an answer may take besides the silence its request allows: 64 kB at the slowest pace."""
_ITS_WORD_SECONDS: Final = 0.5
"""A little longer than the worker's own bound, so that its word is heard if it has one."""
_CLOSE_SECONDS: Final = 2.0
_OVER: Final = {Code.DEVICE_UNREACHABLE, Code.DEVICE_WRONG_PROTOCOL, Code.UNLOCK_UNKNOWN}


class PyzkChannel:
    """One device through one worker process; see ``channel.Channel``."""

    def __init__(self, device: RosterDevice, clock: Clock) -> None:
        self._device = device
        self._clock = clock
        self._worker: _Worker | None = None
        self._patience = Patience(clock)
        self.inbox = Inbox()

    @property
    def dead(self) -> bool:
        """Whether the connection ended, or the last request was never answered."""
        return self._worker is None or self.inbox.ended or self._patience.lost

    async def connect(self) -> None:
        """Start the worker; it reaches the device when it is asked to CONNECT."""
        if importlib.util.find_spec("zk") is None:
            raise DeviceError(Code.DRIVER_MISSING, "This agent has no pyzk.")
        loop = asyncio.get_running_loop()
        _, self._worker = await loop.subprocess_exec(
            lambda: _Worker(self.inbox), sys.executable, "-m", _WORKER, stderr=None
        )
        # Through the pipe, because anybody can read the arguments of a process.
        device = {
            "host": self._device.host,
            "port": self._device.port,
            "comm_key": self._device.comm_key,
            "datagrams": self._device.transport == "udp",
        }
        self._worker.write(Frame({"device": device}))

    async def exchange(self, ask: Ask, seconds: float) -> Reply:
        """Make a request and return its answer."""
        seconds = self._patience.limit(seconds)
        frame = Frame({"ask": ask.command, "seconds": seconds}, ask.data)
        return await self._answer(frame, seconds + _TRANSFER_SECONDS)

    async def hurry(self, ask: Ask, deadline: float) -> Reply:
        """Make a request that must not take effect after ``deadline`` on CLOCK_BOOTTIME."""
        frame = Frame({"ask": ask.command, "deadline": deadline}, ask.data)
        left = max(0.0, deadline - self._clock.boottime())
        self._connected()
        try:
            return await self._answer(frame, left + _ITS_WORD_SECONDS)
        except DeviceError as error:
            if error.code in {Code.DEVICE_NO_ANSWER, Code.DEVICE_UNREACHABLE}:
                # The worker may have written before it fell silent.
                raise DeviceError(Code.UNLOCK_UNKNOWN, error.details) from error
            raise

    async def close(self) -> None:
        """End the worker: asked kindly first, killed when it does not listen."""
        self.inbox.end(DeviceError(Code.DEVICE_UNREACHABLE, "The connection was closed."))
        if self._worker is not None:
            await self._worker.close()

    def _connected(self) -> "_Worker":
        if self._worker is None or self.inbox.ended:
            raise self.inbox.reason
        return self._worker

    async def _answer(self, frame: Frame, seconds: float) -> Reply:
        worker = self._connected()
        try:
            async with asyncio.timeout(seconds):
                answer = await worker.answer(frame)
        except TimeoutError as error:
            worker.kill("It hung, and was killed.")
            details = f"The device did not answer within {seconds:.0f} s."
            raise DeviceError(Code.DEVICE_NO_ANSWER, details) from error
        except asyncio.CancelledError:
            # It cannot be interrupted, and its answer would be taken for the next one's.
            worker.kill("It was given up in the middle of a request.")
            raise
        if "error" in answer.head:
            raise self._error(Code(answer.head["error"]), answer.head["details"])
        self._patience.heard()
        self._patience.lost = False
        return Reply(answer.head["code"], answer.head["slot"], answer.body)

    def _error(self, code: Code, details: str) -> DeviceError:
        self._patience.lost = self._patience.lost or code == Code.DEVICE_NO_ANSWER
        if code in _OVER:
            self.inbox.end(DeviceError(Code.DEVICE_UNREACHABLE, details))
        return DeviceError(code, details)


class _Worker(asyncio.SubprocessProtocol):
    """The process: one answer to each request, and events."""

    _process: asyncio.SubprocessTransport

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._frames = Frames()
        self._awaited: asyncio.Future[Frame] | None = None
        self._exited = asyncio.Event()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._process = cast("asyncio.SubprocessTransport", transport)

    @override
    def pipe_data_received(self, fd: int, data: bytes) -> None:
        for frame in self._frames.feed(data):
            match frame.head:
                case {"event": code}:
                    self._inbox.put(Heard(code, frame.body))
                case {"ended": code, "details": details}:
                    self._inbox.end(DeviceError(Code(code), details))
                case _:
                    self._settle(frame)

    @override
    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._inbox.end(DeviceError(Code.DEVICE_UNREACHABLE, "The process of pyzk ended."))
        reason = self._inbox.reason
        self._settle(Frame({"error": reason.code, "details": reason.details}))

    @override
    def process_exited(self) -> None:
        self._exited.set()

    def write(self, frame: Frame) -> None:
        """Send a request."""
        pipe = cast("asyncio.WriteTransport", self._process.get_pipe_transport(0))
        pipe.write(encode(frame))

    async def answer(self, frame: Frame) -> Frame:
        """Send a request and return what the worker says to it."""
        self._awaited = asyncio.get_running_loop().create_future()
        self.write(frame)
        return await self._awaited

    def _settle(self, answer: Frame) -> None:
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(answer)

    def kill(self, why: str) -> None:
        """End the process, whatever it is doing; its socket ends with it."""
        self._inbox.end(DeviceError(Code.DEVICE_UNREACHABLE, why))
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def close(self) -> None:
        """Let the process end, and see to it that it does."""
        if pipe := self._process.get_pipe_transport(0):
            pipe.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._exited.wait()
        self._process.close()  # kills what still runs
        await self._exited.wait()
