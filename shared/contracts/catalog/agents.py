"""What agents and the registry ask of each other."""

from typing import Final

from shared.contracts import agents, subjects
from shared.contracts.catalog.parts import SITE, Question

ROSTER: Final = Question(
    f"rpc.devices.roster.v1.{SITE}",
    agents.AskRoster,
    agents.Roster,
    "All an agent needs to connect to its site's devices.",
    "devices",
    ("agent",),
    None,
)
START: Final = Question(
    f"rpc.devices.start.v1.{SITE}",
    agents.Start,
    agents.Started,
    "Leave to do an operation, with everything it needs.",
    "devices",
    ("agent",),
    None,
)
DEPOSIT_PEOPLE: Final = Question(
    f"rpc.devices.people.v1.{SITE}",
    agents.DepositPeople,
    agents.Deposited,
    "People an agent read, into the registry's copy.",
    "devices",
    ("agent",),
    None,
)
DEPOSIT_TEMPLATES: Final = Question(
    f"rpc.devices.deposit.v1.{SITE}",
    agents.DepositTemplates,
    agents.Deposited,
    "Templates an agent read, into custody.",
    "devices",
    ("agent",),
    None,
)
DEPOSIT_TOLD: Final = Question(
    f"rpc.devices.told.v1.{SITE}",
    agents.DepositTold,
    agents.Deposited,
    "People and templates that devices told of by themselves.",
    "devices",
    ("agent",),
    None,
)
PROBE: Final = Question(
    f"ctl.{SITE}.{subjects.NEW_DEVICE}.probe",
    agents.Probe,
    agents.Probed,
    "Try to reach a device that is not registered yet.",
    "agent",
    ("devices",),
    None,
)
PERMIT: Final = Question(
    f"ctl.{SITE}.*.permit",
    agents.AskPermit,
    agents.Permit,
    "Ask for leave to unlock once.",
    "agent",
    ("devices",),
    None,
)
UNLOCK: Final = Question(
    f"ctl.{SITE}.*.unlock",
    agents.Unlock,
    agents.Unlocked,
    "Unlock under a permit.",
    "agent",
    ("devices",),
    None,
)
SIGHTED: Final = Question(
    f"rpc.devices.sighted.v1.{SITE}",
    agents.Sighted,
    agents.SightingNoted,
    "A terminal dialled in that is not served.",
    "devices",
    ("agent",),
    None,
)

QUESTIONS: Final = (
    ROSTER,
    START,
    DEPOSIT_PEOPLE,
    DEPOSIT_TEMPLATES,
    DEPOSIT_TOLD,
    PROBE,
    PERMIT,
    UNLOCK,
    SIGHTED,
)
