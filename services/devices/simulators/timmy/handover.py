"""sendlog and senduser: what a terminal hands over, one message at a time, until it is answered.

Source: sections 1.6 and 1.11 of the protocol notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from services.devices.simulators.faults import Fault
from services.devices.simulators.timmy import telling
from services.devices.simulators.timmy.registration import set_clock
from services.devices.simulators.timmy.timer import Timer
from services.devices.simulators.timmy.traits import STRANGER

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.devices.simulators.timmy.firmware import Firmware
    from services.devices.simulators.timmy.frames import Message

BATCH: Final = 50
_HUGE: Final = 2 * 1024 * 1024
_USER_SHARE: Final = 4
"""For an answer to senduser a terminal has a quarter of its patience: 5 s of 20."""


class _Flight(NamedTuple):
    """A message that waits for its answer; `settle` is what an answer of true means."""

    message: Message
    seconds: float
    settle: Callable[[], None]


class Handover:
    """One line's pushes: records first, then people. Nothing advances without its answer."""

    def __init__(
        self,
        firmware: Firmware,
        say: Callable[[Message], None],
        hang_up: Callable[[], None],
    ) -> None:
        self._firmware = firmware
        self._say = say
        self._hang_up = hang_up
        self._timer = Timer()
        self._flight: _Flight | None = None
        self._begun = False
        self._backlog_end = 0
        """Records before this one go in batches, later ones are live: one a message."""

    def begin(self) -> None:
        """Hand over what has gathered; what comes from now on is live."""
        self._begun = True
        self.batch()

    def batch(self) -> None:
        """Let everything that is unsent now go in batches."""
        self._backlog_end = len(self._firmware.device.truth.punches)
        self.wake()

    def wake(self) -> None:
        """Hand the next thing over, if there is one and nothing waits for an answer."""
        if self._begun and self._flight is None:
            self._flight = self._records() or self._credential()
            self._send()

    def heard(self, answer: Message) -> None:
        """Take an answer; one that does not fit the message counts for nothing."""
        told, flight = self._firmware.told, self._flight
        if flight is None or answer.get("ret") != flight.message["cmd"]:
            told.stray += 1
        elif answer.get("result") is not True:
            told.rejected += 1
            self._timer.start(self._firmware.device.spec.heartbeat, self._again)
        elif answer.get("logindex") != flight.message.get("logindex", answer.get("logindex")):
            told.wrong_answers += 1
        else:
            self._settle(flight, answer)

    def end(self) -> None:
        """Send nothing more; what is unanswered stays unsent."""
        self._begun = False
        self._flight = None
        self._timer.stop()

    def _settle(self, flight: _Flight, answer: Message) -> None:
        told = self._firmware.told
        told.acknowledged += 1
        if flight.message["cmd"] == "sendlog":
            told.access = answer.get("access")
            told.shown = str(answer.get("message", ""))
        set_clock(self._firmware, answer)
        self._timer.stop()
        self._flight = None
        flight.settle()
        self.wake()

    def _send(self) -> None:
        if self._flight is not None:
            self._say(self._flight.message)
            self._timer.start(self._flight.seconds, self._unanswered)

    def _again(self) -> None:
        self._firmware.told.repeated += 1
        self._send()

    def _unanswered(self) -> None:
        if self._flight is not None and self._firmware.has(Fault.HANG):
            self._timer.start(self._flight.seconds, self._unanswered)
        elif self._firmware.device.traits.hangs_up:
            self._hang_up()
        else:
            self._again()

    def _records(self) -> _Flight | None:
        firmware, device = self._firmware, self._firmware.device
        truth, first = device.truth, device.truth.handed
        is_live = first >= self._backlog_end
        end = first + 1 if is_live else min(first + BATCH, self._backlog_end)
        rows = [telling.record(device, punch) for punch in truth.punches[first:end]]
        if not rows:
            return None
        if is_live:
            self._add_image(rows[0])
        message: Message = {"cmd": "sendlog", "sn": device.spec.serial, "record": rows}
        if not firmware.has(Fault.NO_INDEX):
            index = 0 if is_live and not device.traits.live_index else first - truth.cleared
            message |= {"count": len(rows), "logindex": index}
        return _Flight(message, device.spec.patience, lambda: truth.hand(end))

    def _add_image(self, row: Message) -> None:
        firmware, device = self._firmware, self._firmware.device
        setting = "stranger_photo" if row["enrollid"] == STRANGER else "use_logphoto"
        if firmware.has(Fault.HUGE_IMAGE):
            row["image"] = "A" * (firmware.number or _HUGE)
        elif device.settings.get(setting):
            row["image"] = device.photo()

    def _credential(self) -> _Flight | None:
        device = self._firmware.device
        row = None if self._firmware.told.nosenduser else device.credentials.next_untold()
        if row is None:
            return None
        message = {"cmd": "senduser", "sn": device.spec.serial, **telling.credential(row)}
        place = (row.enrollid, row.slot)
        return _Flight(
            message,
            device.spec.patience / _USER_SHARE,
            lambda: device.credentials.told(place),
        )
