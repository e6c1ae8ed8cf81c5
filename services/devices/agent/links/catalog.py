"""Which link reaches a device."""

from functools import partial

from services.devices.agent.links import tcp, udp
from services.devices.agent.links.base import Link
from services.devices.agent.links.channel import Channel
from services.devices.agent.links.native import NativeChannel
from services.devices.agent.links.pyzk import PyzkChannel
from services.devices.agent.links.reception.reception import Reception
from services.devices.agent.links.timmy import TimmyLink
from services.devices.agent.links.zk import ZkLink
from shared.contracts.agents import RosterDevice
from shared.kit.clock import Clock


class Links:
    """Makes links; ``reception`` is where terminals dial in that cannot be dialled."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    def open(self, device: RosterDevice, clock: Clock) -> Link:
        """Return a link to a device, not connected yet."""
        if device.dialect == "timmy":
            return TimmyLink(device, clock, self._reception)
        return dialled(device, clock)


def dialled(device: RosterDevice, clock: Clock) -> Link:
    """Return a link, not connected yet, to a device that is dialled."""
    return ZkLink(device, clock, _channel(device, clock))


def _channel(device: RosterDevice, clock: Clock) -> Channel:
    if device.driver == "pyzk":
        return PyzkChannel(device, clock)
    datagrams = device.transport == "udp"
    dial = udp.dial if datagrams else tcp.dial
    reach = partial(dial, device.host, device.port, clock)
    return NativeChannel(reach, clock, datagrams=datagrams)
