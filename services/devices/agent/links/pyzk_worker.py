"""The process in which pyzk runs: reads requests from its standard input, answers on its output.

It ends when its input ends. A hang is ended from outside, by killing it.
"""

import os
import selectors
import sys
from typing import Final

from services.devices.agent.links.pipe import Frame, Frames, encode
from services.devices.agent.links.pyzk_terminal import Terminal
from services.devices.agent.links.wire import failed
from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.protocol.procedure import Heard, Reply
from shared.contracts.errors import Code

_PIECE: Final = 65_536


class Worker:
    """One device, one request at a time, events in between."""

    def __init__(self) -> None:
        self._terminal: Terminal | None = None
        self._frames = Frames()
        self._over = False
        # pyzk prints now and then: what it says must not get between the frames.
        self._out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def run(self) -> None:
        """Serve until the input ends or the device is gone."""
        requests = sys.stdin.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(requests, selectors.EVENT_READ, self._requested)
            while not self._over:
                for key, _ in selector.select():
                    key.data()
                tap = self._terminal.tap if self._terminal else None
                if tap is not None and not self._over and tap.fileno() not in selector.get_map():
                    selector.register(tap, selectors.EVENT_READ, self._wire_spoke)

    def _requested(self) -> None:
        data = os.read(sys.stdin.fileno(), _PIECE)
        self._over = not data
        for frame in self._frames.feed(data):
            if "device" in frame.head:
                self._terminal = Terminal(**frame.head["device"], on_event=self._heard)
            else:
                self._say(self._answer(frame))

    def _answer(self, frame: Frame) -> Frame:
        try:
            reply = self._exchange(frame)
        except DeviceError as error:
            # Nothing more may be said on a wire on which an unlock is under way.
            self._over = error.code == Code.UNLOCK_UNKNOWN
            return Frame({"error": error.code, "details": error.details})
        return Frame({"code": reply.code, "slot": reply.slot}, reply.data)

    def _exchange(self, frame: Frame) -> Reply:
        if self._terminal is None:
            raise failed(None)
        command = frame.head["ask"]
        if "deadline" in frame.head:
            return self._terminal.hurry(command, frame.body, frame.head["deadline"])
        return self._terminal.exchange(command, frame.body, frame.head["seconds"])

    def _wire_spoke(self) -> None:
        """Take in what the device sent unasked."""
        if self._terminal is None or self._terminal.tap is None:
            return
        try:
            self._terminal.tap.pump()
        except DeviceError as error:
            self._over = True
            self._say(Frame({"ended": error.code, "details": error.details}))

    def _heard(self, event: Heard) -> None:
        self._say(Frame({"event": event.code}, event.body))

    def _say(self, frame: Frame) -> None:
        self._out.write(encode(frame))
        self._out.flush()


if __name__ == "__main__":
    Worker().run()
