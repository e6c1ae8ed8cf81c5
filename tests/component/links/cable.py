"""A network cable that can be pulled: nothing arrives, and nobody is told.

A socket filter that accepts nothing stands in for the cable. The kernel drops what comes for the
socket before TCP sees it, acknowledgements and probes too, as if it had never arrived.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import pytest

from services.devices.simulators.zk.server import ZkServer
from services.devices.simulators.zk.tcp import TcpClient
from services.devices.simulators.zk.udp import UdpClient
from tests.component.links.conftest import until

_ATTACH_FILTER: Final = 26
_DETACH_FILTER: Final = 27
_RETURN: Final = 0x06
"""The BPF instruction that ends a filter with how many bytes of the packet to keep: none."""


def pulled(server: ZkServer) -> AbstractAsyncContextManager[None]:
    """Let nothing arrive at a terminal from the clients it has now."""
    return pulled_wires(_wires(server))


@asynccontextmanager
async def pulled_wires(wires: set[Any]) -> AsyncIterator[None]:
    """Let nothing arrive at these sockets."""
    program = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN, 0, 0, 0))
    filter_ = struct.pack("HP", 1, ctypes.addressof(program))
    # What is not acknowledged yet would be sent again and again, which no pulled cable lets happen.
    await until(lambda: not any(map(_unacknowledged, wires)))
    try:
        for wire in wires:
            wire.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, filter_)
    except PermissionError:
        pytest.skip("this system lets only root put a filter on a socket")
    try:
        yield
    finally:
        for wire in wires:
            if wire.fileno() != -1:
                wire.setsockopt(socket.SOL_SOCKET, _DETACH_FILTER, 0)


def _wires(server: ZkServer) -> set[Any]:
    transports = {
        each._transport if isinstance(each, TcpClient) else each._port.transport
        for each in server.connections
        if isinstance(each, TcpClient | UdpClient)
    }
    return {each.get_extra_info("socket") for each in transports}


def _unacknowledged(wire: Any) -> int:
    """Return how many segments of a connection its other end has not acknowledged."""
    if wire.type != socket.SOCK_STREAM:
        return 0
    info = wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return int(struct.unpack_from("I", info, 24)[0])
