"""The process in which pyzk runs: reads commands from its standard input, answers on its output.

It ends when its input ends. A hang is ended from outside, by killing it.
"""

import io
import json
import os
import selectors
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

from zk import ZK, const
from zk.exception import ZKError, ZKErrorResponse

from services.devices.agent.links.pipe import HEADER, Frame, encode
from services.devices.agent.links.tap import DeadlineError, Tap, WrongProtocolError
from shared.contracts.errors import Code

_CONNECT_SECONDS: Final = 3.0
_ANSWER_SECONDS: Final = 5.0
_TABLE_SECONDS: Final = 30.0
_REFUSED: Final = 6001
_ATTENDANCE_ONLY: Final = 1


class _Problem(Exception):  # noqa: N818 - one answer among others
    def __init__(self, code: Code, details: str) -> None:
        super().__init__(details)
        self.code = code


class _Reachable:
    """Stands for pyzk's helper, which would ping through a shell and connect once for nothing."""

    def test_tcp(self) -> int:
        return 0


class _Terminal(ZK):  # type: ignore[misc]  # pyzk carries no types
    """pyzk on a wire of ours; the two names are its own private ones, of the pinned version."""

    def __init__(self, address: tuple[str, int], key: int, say: Callable[[Frame], None]) -> None:
        super().__init__(*address, timeout=_ANSWER_SECONDS, password=key, ommit_ping=True)
        self.helper = _Reachable()
        self._address = address
        self._say = say
        self.tap: Tap | None = None

    def _ZK__create_socket(self) -> None:  # noqa: N802 - overrides pyzk's private method
        wire = socket.create_connection(self._address, timeout=_CONNECT_SECONDS)
        wire.settimeout(_ANSWER_SECONDS)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tap = Tap(wire, lambda body: self._say(Frame({"event": True}, body)))
        self._ZK__sock = self.tap

    @property
    def last_code(self) -> int:
        """The code of the device's last answer."""
        return int(getattr(self, "_ZK__response", 0))


class Worker:
    """One device, one command at a time, events in between."""

    def __init__(self) -> None:
        self._terminal: _Terminal | None = None
        self._lost = False
        # pyzk prints now and then: what it says must not get between the frames.
        self._out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def _say(self, frame: Frame) -> None:
        self._out.write(encode(frame))
        self._out.flush()

    def run(self) -> None:
        """Serve until the input ends or the device is gone."""
        # Unbuffered: what a buffer holds, a selector does not see.
        commands = io.FileIO(sys.stdin.fileno(), closefd=False)
        with selectors.DefaultSelector() as selector:
            selector.register(commands, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is commands:
                        if not self._command(commands):
                            return
                    elif not self._wire_spoke():
                        return
                tap = self._terminal.tap if self._terminal else None
                if tap and tap.fileno() not in selector.get_map():
                    selector.register(tap, selectors.EVENT_READ)

    def _wire_spoke(self) -> bool:
        """Take in what the device sent unasked; return whether it is still there."""
        if self._terminal is None or self._terminal.tap is None:
            return True
        try:
            self._terminal.tap.pump()
        except (OSError, WrongProtocolError) as error:
            details = f"The device closed the connection ({error})."
            self._say(Frame({"ended": True, "error": Code.DEVICE_UNREACHABLE, "details": details}))
            return False
        return True

    def _command(self, commands: Any) -> bool:
        head = _exactly(commands, HEADER.size)
        if head is None:
            self._leave()
            return False
        request = _load(commands, head)
        try:
            self._say(getattr(self, f"_do_{request.pop('command')}")(**request))
        except _Problem as problem:
            self._say(Frame({"error": problem.code, "details": str(problem)}))
        except Exception as error:  # noqa: BLE001 - pyzk raises anything; all of it is an answer
            self._say(self._explained(error))
        return not self._lost

    def _explained(self, error: Exception) -> Frame:
        """Return what an exception means for whoever asked."""
        cause = _root(error, OSError, WrongProtocolError)
        code, details = _verdict(cause, error, self._terminal)
        return Frame({"error": code, "details": details})

    # ── commands ─────────────────────────────────────────────────────────────

    def _do_open(self, host: str, port: int, comm_key: int) -> Frame:
        self._terminal = _Terminal((host, port), comm_key, self._say)
        self._terminal.connect()
        # Whoever held the device before may have left it disabled.
        self._terminal.enable_device()
        serial = self._told(self._terminal.get_serialnumber)
        return Frame(
            {"serial": serial, "firmware": self._told(self._terminal.get_firmware_version)}
        )

    def _told(self, ask: Callable[[], str]) -> str | None:
        """Return an option, or None when the device does not know it; a silent device raises."""
        try:
            return ask() or None
        except ZKError:
            if self._connected().last_code in {const.CMD_ACK_ERROR, const.CMD_ACK_UNKNOWN}:
                return None
            raise

    def _do_listen(self) -> Frame:
        self._connected().reg_event(_ATTENDANCE_ONLY)
        return Frame({})

    def _do_log(self) -> Frame:
        return self._table(const.CMD_ATTLOG_RRQ, 0)

    def _do_people(self) -> Frame:
        return self._table(const.CMD_USERTEMP_RRQ, const.FCT_USER)

    def _table(self, command: int, table: int) -> Frame:
        terminal = self._connected()
        tap = self._wire()
        tap.settimeout(_TABLE_SECONDS)
        try:
            data, size = terminal.read_with_buffer(command, table)
        finally:
            tap.settimeout(_ANSWER_SECONDS)
        if len(data) != size:
            details = f"The device announced {size} bytes and sent {len(data)}."
            raise _Problem(Code.PULL_INCOMPLETE, details)
        return Frame({}, bytes(data))

    def _do_clock(self) -> Frame:
        try:
            return Frame({"clock": self._connected().get_time().isoformat()})
        except ValueError:
            return Frame({"clock": None})

    def _do_unlock(self, seconds: int, deadline: float) -> Frame:
        terminal, tap = self._connected(), self._wire()
        tap.hurry(deadline)
        try:
            terminal.unlock(seconds)
        except ZKErrorResponse as error:
            # The device answered, and its answer was no: nothing is under way.
            tap.relax()
            raise _Problem(Code.DEVICE_ERROR, "The device refused to unlock.") from error
        except Exception as error:
            if isinstance(_root(error, DeadlineError), DeadlineError):
                tap.relax()
                details = "The permit ran out before the device was asked."
                raise _Problem(Code.UNLOCK_EXPIRED, details) from error
            self._lost = True
            tap.close()
            details = "The device did not acknowledge the unlock in time."
            raise _Problem(Code.UNLOCK_UNKNOWN, details) from error
        tap.relax()
        return Frame({})

    def _leave(self) -> None:
        if self._terminal is not None and self._terminal.is_connect:
            self._terminal.disconnect()

    def _connected(self) -> _Terminal:
        if self._terminal is None:
            raise _Problem(Code.DEVICE_UNREACHABLE, "Not connected.")
        return self._terminal

    def _wire(self) -> Tap:
        tap = self._connected().tap
        if tap is None:
            raise _Problem(Code.DEVICE_UNREACHABLE, "Not connected.")
        return tap


def _root(error: BaseException, *kinds: type[BaseException]) -> BaseException | None:
    """Return the first exception of a kind behind another; pyzk keeps only their text."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, kinds):
        cause = cause.__cause__ or cause.__context__
    return cause


def _verdict(
    cause: BaseException | None, error: Exception, terminal: _Terminal | None
) -> tuple[Code, str]:
    last = terminal.last_code if terminal else 0
    connected = terminal is not None and terminal.tap is not None
    verdict = (Code.DEVICE_WRONG_PROTOCOL, f"The device's answer was not understood: {error!r}.")
    if isinstance(cause, WrongProtocolError):
        verdict = (Code.DEVICE_WRONG_PROTOCOL, f"No ZKTeco terminal: {cause}.")
    elif isinstance(cause, TimeoutError) and connected:
        verdict = (Code.DEVICE_NO_ANSWER, "The device accepts connections but stays silent.")
    elif isinstance(cause, OSError):
        reason = cause.strerror or cause
        verdict = (Code.DEVICE_UNREACHABLE, f"The connection failed: {reason}.")
    elif last == const.CMD_ACK_UNAUTH:
        verdict = (Code.DEVICE_WRONG_KEY, "The device refused the comm key.")
    elif last == _REFUSED:
        verdict = (Code.DEVICE_REFUSED, "The device refused the connection with code 6001.")
    elif isinstance(error, ZKErrorResponse):
        verdict = (Code.DEVICE_ERROR, f"{error} (the device's last answer was {last}).")
    return verdict


def _exactly(stream: Any, size: int) -> bytes | None:
    data = b""
    while len(data) < size:
        part = stream.read(size - len(data))
        if not part:
            return None
        data += part
    return data


def _load(stream: Any, header: bytes) -> dict[str, Any]:
    head_size, _ = HEADER.unpack(header)
    request: dict[str, Any] = json.loads(_exactly(stream, head_size) or b"{}")
    return request


if __name__ == "__main__":
    Worker().run()
