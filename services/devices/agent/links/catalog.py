"""Which link reaches a device."""

from functools import partial

from services.devices.agent.links import tcp, udp
from services.devices.agent.links.base import Link
from services.devices.agent.links.channel import Channel
from services.devices.agent.links.native import NativeChannel
from services.devices.agent.links.pyzk import PyzkChannel
from services.devices.agent.links.zk import ZkLink
from shared.contracts.agents import RosterDevice
from shared.kit.clock import Clock


def open_link(device: RosterDevice, clock: Clock) -> Link:
    """Return a link to a device, not connected yet, by its driver and transport."""
    return ZkLink(device, clock, _channel(device, clock))


def _channel(device: RosterDevice, clock: Clock) -> Channel:
    if device.driver == "pyzk":
        return PyzkChannel(device, clock)
    datagrams = device.transport == "udp"
    dial = udp.dial if datagrams else tcp.dial
    reach = partial(dial, device.host, device.port, clock)
    return NativeChannel(reach, clock, datagrams=datagrams)
