"""reg: how a terminal introduces itself on a new line, and what it takes from the answer.

Source: sections 1.1, 1.3 and 1.6 of the protocol notes.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

from services.devices.simulators.faults import Fault
from services.devices.simulators.timmy import telling
from services.devices.simulators.timmy.timer import Timer

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.devices.simulators.timmy.firmware import Firmware
    from services.devices.simulators.timmy.frames import Message

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
OTHER_BOARD: Final = "other"


class Registration:
    """Says reg until it is answered; a refusal is shown and reg said again when patience ends."""

    def __init__(
        self,
        firmware: Firmware,
        say: Callable[[Message], None],
        accepted: Callable[[], None],
    ) -> None:
        self._firmware = firmware
        self._say = say
        self._accepted = accepted
        self._timer = Timer()

    def begin(self) -> None:
        """Say reg, and again until it is answered."""
        firmware = self._firmware
        device = firmware.device
        board = OTHER_BOARD if firmware.has(Fault.OTHER_HARDWARE) else ""
        self._say(
            {
                "cmd": "reg",
                "sn": device.spec.serial,
                "cpusn": telling.cpusn(device, board),
                "devinfo": telling.hardware(device, board),
            }
        )
        self._timer.start(device.spec.patience, self.begin)

    def heard(self, answer: Message) -> None:
        """Take the server's answer."""
        told = self._firmware.told
        if answer.get("result") is not True:
            told.refusals += 1
            told.shown = str(answer.get("reason", ""))
            return
        self._timer.stop()
        told.registrations += 1
        told.shown = ""
        told.nosenduser = answer.get("nosenduser") is True
        set_clock(self._firmware, answer)
        self._accepted()

    def end(self) -> None:
        """Say nothing more."""
        self._timer.stop()


def set_clock(firmware: Firmware, answer: Message) -> bool:
    """Set the clock to `cloudtime`; return whether it was one in the only form understood."""
    time = answer.get("cloudtime")
    wall = _wall(time)
    if wall is None:
        firmware.told.wrong_times += time is not None
        return False
    firmware.told.cloudtime = str(time)
    firmware.device.set_clock(wall)
    return True


def _wall(time: object) -> datetime | None:
    if not isinstance(time, str) or not _TIME.fullmatch(time):
        return None
    try:
        return datetime.fromisoformat(time)
    except ValueError:
        return None
