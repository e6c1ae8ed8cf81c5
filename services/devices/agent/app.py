"""The agent put together; the only file that knows all its parts."""

from services.devices.agent.handlers import Handlers, attach
from services.devices.agent.journal import Journal
from services.devices.agent.links.catalog import open_link
from services.devices.agent.outgoing import Surroundings
from services.devices.agent.permits import Permits
from services.devices.agent.quarantine import Quarantine
from services.devices.agent.registry import Registry
from services.devices.agent.settings import AgentSettings
from services.devices.agent.staging import Staging
from services.devices.agent.supervisor import Supervisor
from services.devices.drivers.catalog import DRIVERS
from shared.contracts.streams import ALARM, OUTCOME, PUNCH
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.service import Service
from shared.kit.stream_check import StreamCheck


def build(settings: AgentSettings) -> Service:
    """Return the agent of one site."""
    clock = SystemClock()
    bus = Bus(f"agent-{settings.site}", settings)
    journal = Journal(settings.journal_file)
    around = Surroundings(
        site=settings.site,
        bus=bus,
        registry=Registry(bus, settings.site),
        journal=journal,
        staging=Staging(settings.staging_dir),
        quarantine=Quarantine(settings.quarantine_dir),
        clock=clock,
        open_link=open_link,
        drivers=DRIVERS,
    )
    supervisor = Supervisor(settings.agent, around)
    handlers = Handlers(supervisor, Permits(clock), clock, open_link)
    attach(bus, handlers, settings.site, str(journal.journal_id))
    return Service(
        name="agent",
        bus=bus,
        check=StreamCheck(bus, (PUNCH, OUTCOME, ALARM), seconds=settings.startup_seconds),
        tasks=(supervisor.run,),
    )
