"""The table of everything said on the bus: subject, message, stream, who says it, who hears it.

Permissions on the broker, the documents in docs/ and the matrix in tests/ are all made from it.
A party is a service's name; ``agent`` means the agents of the site in the subject; ``subscriber``
is a program outside the project.
"""

from typing import Final, NamedTuple

from shared.contracts import (
    agents,
    attendance,
    auth,
    devices,
    doors,
    operations,
    readings,
    streams,
    subjects,
)
from shared.contracts.auth import Permission
from shared.contracts.message import Message

SERVICES: Final = ("auth", "devices", "attendance", "forwarder", "gateway")
SITE: Final = "{site}"
"""Stands for the site in a subject; ``*`` for who may see every site."""


class Channel(NamedTuple):
    """One row: what is said where. ``subject`` has ``{site}`` where a site goes."""

    subject: str
    message: type[Message]
    summary: str
    publishers: tuple[str, ...]
    readers: tuple[str, ...]
    stream: streams.StreamSpec | None = None


class Question(NamedTuple):
    """One kind of request and its reply; never stored. ``permission`` is what the caller needs."""

    subject: str
    request: type[Message]
    reply: type[Message]
    summary: str
    service: str
    askers: tuple[str, ...]
    permission: Permission | None
    """None: asked by a part of the system for itself; the broker's permissions are the guard."""


def _site(subject: str) -> str:
    return subject.replace("evt.*", f"evt.{SITE}", 1)


EVENTS: Final = (
    Channel(
        _site(subjects.punch_read("*", "*")),
        readings.PunchBatch,
        "What an agent read from a device's log.",
        ("agent",),
        ("attendance",),
        streams.PUNCH,
    ),
    Channel(
        _site(subjects.receipt("*", "*")),
        attendance.Receipt,
        "A batch is committed; its journal may forget it.",
        ("attendance",),
        ("agent",),
    ),
    Channel(
        _site(subjects.punch_recorded("*", "*")),
        attendance.PunchesRecorded,
        "Punches that were committed, with gapless positions.",
        ("attendance",),
        ("forwarder", "subscriber"),
        streams.RECORDED,
    ),
    Channel(
        _site(subjects.people_read("*", "*")),
        readings.PeopleRead,
        "People that a device holds.",
        ("devices",),
        ("attendance",),
        streams.PEOPLE,
    ),
    Channel(
        _site(subjects.alarm("*", "*")),
        readings.Alarm,
        "Something about a device that a person should look at.",
        ("agent",),
        ("devices",),
        streams.ALARM,
    ),
    Channel(
        _site(subjects.presence("*", "*")),
        readings.Presence,
        "Which devices an agent is connected to.",
        ("agent",),
        ("devices",),
    ),
    Channel(
        _site(subjects.roster_changed("*")),
        agents.RosterChanged,
        "A site's list of devices is new.",
        ("devices",),
        ("agent",),
    ),
    Channel(
        f"cmd.{SITE}.*.*",
        operations.Operation,
        "One operation for one device, in order.",
        ("devices",),
        ("agent",),
        streams.operation_stream(SITE),
    ),
    Channel(
        _site(subjects.outcome("*", "*")),
        operations.Outcome,
        "How an operation goes and how it ended.",
        ("agent",),
        ("devices",),
        streams.OUTCOME,
    ),
)

LOGIN: Final = Question(
    subjects.rpc("auth", "login"),
    auth.Login,
    auth.Session,
    "Exchange e-mail and password for a session.",
    "auth",
    ("gateway",),
    Permission.PUBLIC,
)
REFRESH: Final = Question(
    subjects.rpc("auth", "refresh"),
    auth.Refresh,
    auth.Session,
    "Exchange a refresh token for a new pair of tokens.",
    "auth",
    ("gateway",),
    Permission.PUBLIC,
)
LOGOUT: Final = Question(
    subjects.rpc("auth", "logout"),
    auth.Logout,
    auth.LoggedOut,
    "End the caller's session.",
    "auth",
    ("gateway",),
    Permission.SESSION,
)
REGISTER_USER: Final = Question(
    subjects.rpc("auth", "register"),
    auth.RegisterUser,
    auth.User,
    "Create a user of the caller's owner.",
    "auth",
    ("gateway",),
    Permission.USERS_WRITE,
)
REGISTER_DEVICE: Final = Question(
    subjects.rpc("devices", "register"),
    devices.RegisterDevice,
    devices.Device,
    "Register a device after it was reached.",
    "devices",
    ("gateway",),
    Permission.DEVICES_WRITE,
)
LIST_DEVICES: Final = Question(
    subjects.rpc("devices", "list"),
    devices.ListDevices,
    devices.DevicePage,
    "One page of the caller's devices.",
    "devices",
    ("gateway",),
    Permission.DEVICES_READ,
)
GET_DEVICE: Final = Question(
    subjects.rpc("devices", "get"),
    devices.GetDevice,
    devices.Device,
    "One device of the caller's.",
    "devices",
    ("gateway",),
    Permission.DEVICES_READ,
)
CHANGE_DEVICE: Final = Question(
    subjects.rpc("devices", "change"),
    devices.ChangeDevice,
    devices.Device,
    "Change a device; it is reached first where its wire changes.",
    "devices",
    ("gateway",),
    Permission.DEVICES_WRITE,
)
REMOVE_DEVICE: Final = Question(
    subjects.rpc("devices", "remove"),
    devices.RemoveDevice,
    devices.Device,
    "Let go of a device; its punches stay.",
    "devices",
    ("gateway",),
    Permission.DEVICES_WRITE,
)
LIST_USERS: Final = Question(
    subjects.rpc("devices", "users"),
    devices.ListUsers,
    devices.UserPage,
    "One page of the people whom the caller's devices hold.",
    "devices",
    ("gateway",),
    Permission.PEOPLE_READ,
)
LIST_TEMPLATES: Final = Question(
    subjects.rpc("devices", "templates"),
    devices.ListTemplates,
    devices.TemplatesKept,
    "Which templates of a person are in custody.",
    "devices",
    ("gateway",),
    Permission.PEOPLE_READ,
)
LIST_ALARMS: Final = Question(
    subjects.rpc("devices", "alarms"),
    devices.ListAlarms,
    devices.AlarmPage,
    "One page of a device's alarms.",
    "devices",
    ("gateway",),
    Permission.DEVICES_READ,
)
OPERATE: Final = Question(
    subjects.rpc("devices", "operate"),
    operations.Operate,
    operations.Job,
    "Ask one device to do something, and wait for it a while.",
    "devices",
    ("gateway",),
    # Every caller may ask; which action asks for which permission stands in operations.SPECS.
    Permission.SESSION,
)
COPY_TEMPLATES: Final = Question(
    subjects.rpc("devices", "copy"),
    operations.CopyTemplates,
    operations.Job,
    "Copy a person's templates from one device to another.",
    "devices",
    ("gateway",),
    Permission.PEOPLE_WRITE,
)
GET_JOB: Final = Question(
    subjects.rpc("devices", "job"),
    operations.GetJob,
    operations.Job,
    "One job of the caller's.",
    "devices",
    ("gateway",),
    Permission.JOBS_READ,
)
CANCEL_JOB: Final = Question(
    subjects.rpc("devices", "cancel"),
    operations.CancelJob,
    operations.Job,
    "Cancel an operation that was not sent yet.",
    "devices",
    ("gateway",),
    Permission.SESSION,
)
RETRY_JOB: Final = Question(
    subjects.rpc("devices", "retry"),
    operations.RetryJob,
    operations.Job,
    "Try a failed operation again.",
    "devices",
    ("gateway",),
    Permission.SESSION,
)
QUEUE_STATS: Final = Question(
    subjects.rpc("devices", "queues"),
    operations.AskQueueStats,
    operations.QueueStats,
    "How many jobs stand where.",
    "devices",
    ("gateway",),
    Permission.JOBS_READ,
)
PERMIT_DOOR: Final = Question(
    subjects.rpc("devices", "permit"),
    doors.PermitDoor,
    doors.DoorPermit,
    "Ask for leave to unlock a door once.",
    "devices",
    ("gateway",),
    Permission.DOORS_UNLOCK,
)
UNLOCK_DOOR: Final = Question(
    subjects.rpc("devices", "unlock"),
    doors.UnlockDoor,
    doors.DoorUnlocked,
    "Unlock a door under a permit, now or not at all.",
    "devices",
    ("gateway",),
    Permission.DOORS_UNLOCK,
)
LIST_PUNCHES: Final = Question(
    subjects.rpc("attendance", "list"),
    attendance.ListPunches,
    attendance.AttendancePage,
    "One page of the caller's punches.",
    "attendance",
    ("gateway",),
    Permission.ATTENDANCE_READ,
)
SUMMARIZE_PUNCHES: Final = Question(
    subjects.rpc("attendance", "summary"),
    attendance.SummarizePunches,
    attendance.SummaryPage,
    "When people came first and last, by day and person.",
    "attendance",
    ("gateway",),
    Permission.ATTENDANCE_READ,
)
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

QUESTIONS: Final = (
    LOGIN,
    REFRESH,
    LOGOUT,
    REGISTER_USER,
    REGISTER_DEVICE,
    LIST_DEVICES,
    GET_DEVICE,
    CHANGE_DEVICE,
    REMOVE_DEVICE,
    LIST_USERS,
    LIST_TEMPLATES,
    LIST_ALARMS,
    OPERATE,
    COPY_TEMPLATES,
    GET_JOB,
    CANCEL_JOB,
    RETRY_JOB,
    QUEUE_STATS,
    PERMIT_DOOR,
    UNLOCK_DOOR,
    LIST_PUNCHES,
    SUMMARIZE_PUNCHES,
    ROSTER,
    START,
    DEPOSIT_PEOPLE,
    DEPOSIT_TEMPLATES,
    PROBE,
    PERMIT,
    UNLOCK,
)
