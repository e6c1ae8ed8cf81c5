"""A link through pyzk, which blocks and can hang: so it lives in a process that can be killed."""

import asyncio
import contextlib
import json
import sys
from typing import Any, Final

from services.devices.agent.links.base import Greeting, LinkError
from services.devices.agent.links.pipe import HEADER, Frame, encode
from shared.contracts.devices import RosterDevice
from shared.contracts.errors import Code
from shared.kit.clock import Clock

_OPEN_SECONDS: Final = 7.0
_ASK_SECONDS: Final = 6.0
_TABLE_SECONDS: Final = 120.0
_CLOSE_SECONDS: Final = 2.0
_WORKER: Final = "services.devices.agent.links.pyzk_worker"


class PyzkLink:
    """One device through one worker process."""

    def __init__(self, device: RosterDevice, clock: Clock) -> None:
        self._device = device
        self._clock = clock
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._answers: asyncio.Queue[Frame] = asyncio.Queue()
        self._events: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._ended = LinkError(Code.DEVICE_UNREACHABLE, "The connection to the device ended.")

    async def open(self) -> Greeting:
        """Start the worker and let it connect."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            _WORKER,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._reader = asyncio.ensure_future(self._read())
        answer = await self._ask(
            _OPEN_SECONDS,
            "open",
            host=self._device.host,
            port=self._device.port,
            comm_key=self._device.comm_key,
        )
        return Greeting(answer.head["serial"], answer.head["firmware"])

    async def listen(self) -> None:
        """Ask the device for live events."""
        await self._ask(_ASK_SECONDS, "listen")

    async def event(self) -> bytes:
        """Wait for the next live event and return its body."""
        body = await self._events.get()
        if body is None:
            raise self._ended
        return body

    async def log(self) -> bytes:
        """Return the whole attendance log as the device sent it."""
        return (await self._ask(_TABLE_SECONDS, "log")).body

    async def people(self) -> bytes:
        """Return the whole user table as the device sent it."""
        return (await self._ask(_TABLE_SECONDS, "people")).body

    async def clock(self) -> str | None:
        """Return the device's wall clock as ISO text, or None when it shows no real date."""
        said: str | None = (await self._ask(_ASK_SECONDS, "clock")).head["clock"]
        return said

    async def unlock(self, seconds: int, deadline: float) -> None:
        """Unlock the door, unless CLOCK_BOOTTIME has passed ``deadline`` before the write."""
        if self._reader is None or self._reader.done():
            raise self._ended
        left = max(0.0, deadline - self._clock.boottime())
        try:
            # A little longer than the worker's own bound, so that its word is heard if it has one.
            await self._ask(left + 0.5, "unlock", seconds=seconds, deadline=deadline)
        except LinkError as error:
            if error.code in {Code.DEVICE_NO_ANSWER, Code.DEVICE_UNREACHABLE}:
                # The worker may have written before it fell silent.
                raise LinkError(Code.UNLOCK_UNKNOWN, error.details) from error
            raise

    async def close(self) -> None:
        """End the worker: asked kindly first, killed when it does not listen."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await process.wait()
        except TimeoutError:
            self._kill()
            await process.wait()
        if self._reader is not None:
            await self._reader  # its pipe ends with the process

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def _ask(self, bound: float, command: str, **arguments: Any) -> Frame:
        process, reader = self._process, self._reader
        if process is None or process.stdin is None or reader is None or reader.done():
            raise self._ended
        answer = asyncio.ensure_future(self._answers.get())
        try:
            process.stdin.write(encode(Frame({"command": command, **arguments})))
            waits: list[asyncio.Future[Any]] = [answer, reader]
            await asyncio.wait(waits, timeout=bound, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            # Its answer would be taken for the next one's.
            self._kill()
            raise
        finally:
            answer.cancel()
        if not answer.done() or answer.cancelled():
            self._kill()
            if reader.done():
                raise self._ended
            details = f"The device did not answer within {bound:.0f} s."
            raise LinkError(Code.DEVICE_NO_ANSWER, details)
        return _unless_problem(answer.result())

    async def _read(self) -> None:
        """Sort what the worker says into answers and events until it ends."""
        process = self._process
        if process is None or process.stdout is None:
            return
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head_size, body_size = HEADER.unpack(await process.stdout.readexactly(HEADER.size))
                head = json.loads(await process.stdout.readexactly(head_size))
                body = await process.stdout.readexactly(body_size)
                if head.get("event"):
                    self._events.put_nowait(body)
                elif head.get("ended"):
                    self._ended = LinkError(Code(head["error"]), head["details"])
                else:
                    self._answers.put_nowait(Frame(head, body))
        self._events.put_nowait(None)


def _unless_problem(answer: Frame) -> Frame:
    if code := answer.head.get("error"):
        raise LinkError(Code(code), answer.head["details"])
    return answer
