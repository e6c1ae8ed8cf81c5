"""The agent put together; the only file that knows all its parts."""

from services.devices.agent.handlers import Handlers, attach
from services.devices.agent.journal import Journal
from services.devices.agent.links.catalog import Links
from services.devices.agent.links.reception.listening import Listening, Sighting
from services.devices.agent.links.reception.reception import Reception
from services.devices.agent.outgoing import Surroundings
from services.devices.agent.permits import Permits
from services.devices.agent.quarantine import Quarantine
from services.devices.agent.registry import Registry
from services.devices.agent.settings import AgentSettings
from services.devices.agent.staging import Staging
from services.devices.agent.supervisor import Supervisor
from services.devices.drivers.base import DeviceError
from services.devices.drivers.catalog import DRIVERS
from shared.contracts.agents import RosterDevice
from shared.contracts.streams import ALARM, DEVICE_EVENT, OUTCOME, PUNCH
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.service import Service
from shared.kit.stream_check import StreamCheck


def build(settings: AgentSettings) -> Service:
    """Return the agent of one site."""
    clock = SystemClock()
    bus = Bus(f"agent-{settings.site}", settings)
    journal = Journal(settings.journal_file)

    # Whoever dials in is told of to the supervisor, who in turn says who may dial in.
    async def sighted(sighting: Sighting) -> None:
        await supervisor.sighted(sighting)

    def trouble(device: RosterDevice, error: DeviceError) -> None:
        supervisor.trouble(device, error)

    reception = Reception(_listening(settings), clock, sighted, trouble)
    around = Surroundings(
        site=settings.site,
        bus=bus,
        registry=Registry(bus, settings.site),
        journal=journal,
        staging=Staging(settings.staging_dir),
        quarantine=Quarantine(settings.quarantine_dir),
        clock=clock,
        open_link=Links(reception).open,
        drivers=DRIVERS,
    )
    supervisor = Supervisor(settings.agent, around, reception.expect)
    handlers = Handlers(supervisor, Permits(clock), around)
    attach(bus, handlers, settings.site, str(journal.journal_id))
    return Service(
        name="agent",
        bus=bus,
        check=StreamCheck(
            bus, (PUNCH, OUTCOME, ALARM, DEVICE_EVENT), seconds=settings.startup_seconds
        ),
        tasks=(supervisor.run, reception.run),
    )


def _listening(settings: AgentSettings) -> Listening:
    return Listening(
        settings.timmy_host,
        settings.timmy_port,
        settings.timmy_cert_file,
        settings.timmy_key_file,
    )
