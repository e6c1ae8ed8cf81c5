"""pyzk on a wire of ours; imported only in the process that may be killed.

What is asked is the driver's; how it gets there and back is pyzk's own: session, comm key, sums,
numbers, frames, and putting together what comes in parts. The names that begin with ``_ZK`` are
its private ones, of the version that is pinned.
"""

import contextlib
import socket
from collections.abc import Callable
from typing import Any, Final

from zk import ZK, const
from zk.exception import ZKErrorResponse

from services.devices.agent.links import tcp
from services.devices.agent.links.tap import Tap
from services.devices.agent.links.wire import failed
from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.messages import MAX_PACKET
from services.devices.drivers.zk.protocol.procedure import Heard, Reply
from shared.contracts.errors import Code

_CONNECT_SECONDS: Final = 3.0


class _Reachable:
    """Stands for pyzk's helper, which would ping through a shell and connect once for nothing."""

    def test_tcp(self) -> int:
        return 0


class Terminal(ZK):  # type: ignore[misc]  # pyzk carries no types
    """One device. Whatever goes wrong is raised as DeviceError, also out of pyzk's depths."""

    def __init__(
        self,
        host: str,
        port: int,
        comm_key: int,
        on_event: Callable[[Heard], None],
        *,
        datagrams: bool,
    ) -> None:
        super().__init__(host, port, password=comm_key, force_udp=datagrams, ommit_ping=True)
        self._ZK__sock: Any
        self._ZK__sock.close()  # pyzk opens one here and forgets it
        self.helper = _Reachable()
        self._address = (host, port)
        self._on_event = on_event
        self._seconds = _CONNECT_SECONDS
        self.tap: Tap | None = None

    def _ZK__create_socket(self) -> None:  # noqa: N802 - overrides pyzk's private method
        kind = socket.SOCK_STREAM if self.tcp else socket.SOCK_DGRAM
        wire = socket.socket(type=kind)
        try:
            wire.settimeout(_CONNECT_SECONDS)
            wire.connect(self._address)
            if self.tcp:
                tcp.watch(wire)
        except OSError as error:
            wire.close()
            raise failed(error) from error
        self.tap = Tap(wire, self._on_event)
        self.tap.settimeout(self._seconds)
        self._ZK__sock = self.tap

    def exchange(self, command: int, data: bytes, seconds: float) -> Reply:
        """Make a request and return its answer; ``seconds`` bound the device's silence."""
        self._seconds = seconds
        if self.tap is not None:
            self.tap.settimeout(seconds)
        try:
            return self._exchange(command, data)
        except DeviceError:
            raise
        except Exception as error:  # pyzk raises anything
            raise _cause(error) from error

    def hurry(self, command: int, data: bytes, deadline: float) -> Reply:
        """Make a request that must not take effect after ``deadline``; see ``Channel.hurry``."""
        if self.tap is None:
            raise failed(None)
        self.tap.hurry(deadline)
        try:
            reply = self._exchange(command, data)
        except Exception as error:
            cause = _cause(error)
            if cause.code == Code.UNLOCK_EXPIRED:
                self.tap.relax()
                raise cause from error
            self.tap.close()
            raise DeviceError(Code.UNLOCK_UNKNOWN, cause.details) from error
        self.tap.relax()
        return reply

    def _exchange(self, command: int, data: bytes) -> Reply:
        if command == const.CMD_CONNECT:
            return self._connect()
        self._ZK__send_command(command, data, MAX_PACKET)
        if self._ZK__header[0] != const.CMD_PREPARE_DATA:
            return self._reply()
        size = self._ZK__get_data_size()
        table = self._ZK__recieve_chunk() or b""
        if len(table) != size:
            details = f"The device announced {size} bytes and sent {len(table)}."
            raise DeviceError(Code.PULL_INCOMPLETE, details)
        return Reply(const.CMD_DATA, 0, table)

    def _connect(self) -> Reply:
        """Let pyzk connect and prove its comm key; return the last answer of the device."""
        # A device that says no has answered; what that means is for the driver to tell.
        with contextlib.suppress(ZKErrorResponse):
            self.connect()
        return self._reply()

    def _reply(self) -> Reply:
        code, _, slot, _ = self._ZK__header
        return Reply(code, slot, bytes(self._ZK__data))


def _cause(error: BaseException) -> DeviceError:
    """Return what is behind an exception of pyzk, which keeps only its text."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DeviceError):
            return cause
        cause = cause.__cause__ or cause.__context__
    return DeviceError(Code.DEVICE_ERROR, f"pyzk could not do it: {error!r}.")
