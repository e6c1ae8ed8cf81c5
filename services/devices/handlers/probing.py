"""Whether a device can be reached, before anything is believed of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.devices.rules import devices as rules
from shared.contracts import catalog, subjects
from shared.contracts.agents import Probed
from shared.kit import rpc
from shared.kit.errors import MusterError

if TYPE_CHECKING:
    from shared.contracts.agents import Probe
    from shared.kit.bus import Bus

PROBE_SECONDS: Final = 9.5
"""Longer than an agent gives a device to answer (7 s) and the link to close (2 s)."""


async def reach(bus: Bus, site: str, probe: Probe) -> str | None:
    """Let a site's agent try to reach a device; return the serial it reports, if it does.

    A device that is not reached is the asker's mistake, with status 400; NO_AGENT without an agent.
    """
    where = subjects.control(site, subjects.NEW_DEVICE, "probe")
    try:
        probed = await rpc.ask(
            bus, catalog.PROBE, probe, Probed, subject=where, seconds=PROBE_SECONDS
        )
    except MusterError as error:
        raise rules.probe_error(error.problem) from error
    return rules.serial_of(probed.serial)
