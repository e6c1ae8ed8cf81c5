"""The agent put together; the only file that knows all its parts."""

from services.devices.agent.handlers import Handlers, attach
from services.devices.agent.journal import Journal
from services.devices.agent.links.pyzk import PyzkLink
from services.devices.agent.outgoing import Surroundings
from services.devices.agent.permits import Permits
from services.devices.agent.settings import AgentSettings
from services.devices.agent.supervisor import Supervisor
from services.devices.drivers.catalog import DRIVERS
from shared.contracts.streams import OUTCOME, PEOPLE, PUNCH
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
        journal=journal,
        clock=clock,
        open_link=PyzkLink,
        drivers=DRIVERS,
    )
    supervisor = Supervisor(settings.agent, around)
    handlers = Handlers(supervisor, Permits(clock), clock, PyzkLink)
    attach(bus, handlers, settings.site, str(journal.journal_id))
    return Service(
        name="agent",
        bus=bus,
        check=StreamCheck(bus, (PUNCH, PEOPLE, OUTCOME), seconds=settings.startup_seconds),
        tasks=(supervisor.run,),
    )
