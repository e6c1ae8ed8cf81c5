"""The provisioner as a process: the only file that knows all of its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.nats.accounts import PROVISIONER
from deploy.nats.provisioner import Provisioner
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.service import Service
from shared.kit.stream_check import StreamCheck

if TYPE_CHECKING:
    from deploy.nats.settings import ProvisionerSettings


def build(settings: ProvisionerSettings) -> Service:
    """Return the provisioner, ready when it went round once."""
    bus = Bus(PROVISIONER, settings)
    provisioner = Provisioner(bus, settings.sites, SystemClock())
    return Service(
        name=PROVISIONER,
        bus=bus,
        # No streams to wait for: they are made here. The server's own settings matter here too.
        check=StreamCheck(bus, (), seconds=settings.startup_seconds),
        prepare=(provisioner.once,),
        tasks=(provisioner.keep,),
    )
