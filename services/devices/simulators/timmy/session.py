"""One line of a terminal from reg to its end: who says what, and whose answer is whose."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from services.devices.simulators.faults import Fault
from services.devices.simulators.timmy import frames
from services.devices.simulators.timmy.answering.answers import answer
from services.devices.simulators.timmy.answering.request import UnansweredError
from services.devices.simulators.timmy.handover import Handover
from services.devices.simulators.timmy.registration import Registration
from services.devices.simulators.timmy.timer import Timer

if TYPE_CHECKING:
    from services.devices.simulators.timmy.firmware import Firmware
    from services.devices.simulators.timmy.frames import Message
    from services.devices.simulators.timmy.line import Line

_XML: Final = '<?xml version="1.0"?><Message><Request>Register</Request></Message>'
_OTHER_SN: Final = "ZX0000000000"


class Session:
    """Hears one line. `is_clone`: of another terminal with this one's serial.

    A clone registers and obeys, but there is nothing that it could hand over.
    """

    def __init__(self, firmware: Firmware, *, is_clone: bool = False) -> None:
        self.line: Line | None = None
        self.over = asyncio.Event()
        self._firmware = firmware
        self._is_clone = is_clone
        self._registered = False
        self._waiting = Timer()
        self._registration = Registration(firmware, self._say, self._accepted)
        self.handover = Handover(firmware, self._say, self._hang_up)

    def dialed(self, line: Line) -> None:
        """Wait for the upgrade, as long as for any answer."""
        self.line = line
        self._waiting.start(self._firmware.device.spec.patience, line.cut)

    def opened(self) -> None:
        """Introduce the terminal."""
        self._waiting.stop()
        assert self.line is not None  # noqa: S101 - only a line opens
        if self._firmware.has(Fault.HANG):
            self.line.fall_silent()
        if self._firmware.has(Fault.FOREIGN):
            self.line.say(_XML)
        else:
            self.register()

    def register(self) -> None:
        """Say reg, also once more on a line that is registered."""
        self._registration.begin()

    def heard(self, text: str) -> None:
        """Take an answer, or obey a command."""
        message = frames.read(text)
        if message is not None and "cmd" in message:
            self._obey(message)
        elif message is not None and message.get("ret") == "reg":
            self._registration.heard(message)
        elif message is not None and "ret" in message:
            self.handover.heard(message)
        else:
            self._firmware.told.stray += 1

    def gone(self) -> None:
        """Note how it ended."""
        if not self._is_clone and self.line is not None and not self.over.is_set():
            self._firmware.told.farewell = self.line.farewell
        self.leave()

    def leave(self) -> None:
        """Let go of the line, whatever becomes of it."""
        if self.over.is_set():
            return
        self.over.set()
        self._waiting.stop()
        self._registration.end()
        self.handover.end()
        if not self._is_clone:
            self._firmware.connected.clear()

    def _accepted(self) -> None:
        self._registered = True
        if self._is_clone:
            return
        self._firmware.connected.set()
        if self._firmware.has(Fault.STORM):
            self._hang_up()
        else:
            self.handover.begin()

    def _obey(self, request: Message) -> None:
        told = self._firmware.told
        told.commands.append(str(request["cmd"]))
        told.wrong_early += not self._registered
        try:
            reply = answer(self._firmware, request)
        except UnansweredError:
            return
        if self._firmware.has(Fault.NO_SN):
            del reply["sn"]
        if self._firmware.has(Fault.NO_RESULT) and reply.get("result"):
            del reply["result"]
        for _ in range(2 if self._firmware.has(Fault.DUPLICATE_RET) else 1):
            self._reply(reply)
        # What was cleared, enrolled or shown may be there to hand over now.
        self.handover.wake()

    def _reply(self, reply: Message) -> None:
        if self._firmware.has(Fault.LATE):
            loop = asyncio.get_running_loop()
            loop.call_later(self._firmware.number, self._say, reply)
        else:
            self._say(reply)

    def _say(self, message: Message) -> None:
        firmware = self._firmware
        if self.line is None:
            return
        if firmware.has(Fault.WRONG_SN) and message.get("cmd") != "reg":
            message = {**message, "sn": _OTHER_SN}
        text = frames.written(message, firmware.quirks)
        self.line.say(text, in_pieces=firmware.has(Fault.FRAGMENTED))

    def _hang_up(self) -> None:
        if self.line is not None:
            self.line.cut()
