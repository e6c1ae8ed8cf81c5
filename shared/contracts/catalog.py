"""The table of everything said on the bus: subject, message, stream, who says it, who hears it.

Permissions on the broker, the documents in docs/ and the matrix in tests/ are all made from it.
A party is a service's name; ``agent`` means the agents of the site in the subject; ``subscriber``
is a program outside the project.
"""

from typing import Final, NamedTuple

from shared.contracts import attendance, auth, devices, streams, subjects
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
        devices.PunchBatch,
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
        devices.PeopleRead,
        "People that a device holds.",
        ("agent",),
        ("attendance",),
        streams.PEOPLE,
    ),
    Channel(
        _site(subjects.presence("*", "*")),
        devices.Presence,
        "Which devices an agent is connected to.",
        ("agent",),
        ("devices",),
    ),
    Channel(
        _site(subjects.roster_changed("*")),
        devices.RosterChanged,
        "A site's list of devices is new.",
        ("devices",),
        ("agent",),
    ),
    Channel(
        f"cmd.{SITE}.*.*",
        devices.Operation,
        "One operation for one device, in order.",
        ("devices",),
        ("agent",),
        streams.operation_stream(SITE),
    ),
    Channel(
        _site(subjects.outcome("*", "*")),
        devices.Outcome,
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
SYNC_ATTENDANCE: Final = Question(
    subjects.rpc("devices", "sync"),
    devices.SyncAttendance,
    devices.Job,
    "Start reading a device's whole log, or return the job that already does.",
    "devices",
    ("gateway",),
    Permission.ATTENDANCE_SYNC,
)
GET_JOB: Final = Question(
    subjects.rpc("devices", "job"),
    devices.GetJob,
    devices.Job,
    "One job of the caller's.",
    "devices",
    ("gateway",),
    Permission.JOBS_READ,
)
QUEUE_STATS: Final = Question(
    subjects.rpc("devices", "queues"),
    devices.AskQueueStats,
    devices.QueueStats,
    "How many jobs stand where.",
    "devices",
    ("gateway",),
    Permission.JOBS_READ,
)
PERMIT_DOOR: Final = Question(
    subjects.rpc("devices", "permit"),
    devices.PermitDoor,
    devices.DoorPermit,
    "Ask for leave to unlock a door once.",
    "devices",
    ("gateway",),
    Permission.DOORS_UNLOCK,
)
UNLOCK_DOOR: Final = Question(
    subjects.rpc("devices", "unlock"),
    devices.UnlockDoor,
    devices.DoorUnlocked,
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
ROSTER: Final = Question(
    f"rpc.devices.roster.v1.{SITE}",
    devices.AskRoster,
    devices.Roster,
    "All an agent needs to connect to its site's devices.",
    "devices",
    ("agent",),
    None,
)
PROBE: Final = Question(
    f"ctl.{SITE}.{subjects.NEW_DEVICE}.probe",
    devices.Probe,
    devices.Probed,
    "Try to reach a device that is not registered yet.",
    "agent",
    ("devices",),
    None,
)
PERMIT: Final = Question(
    f"ctl.{SITE}.*.permit",
    devices.AskPermit,
    devices.Permit,
    "Ask for leave to unlock once.",
    "agent",
    ("devices",),
    None,
)
UNLOCK: Final = Question(
    f"ctl.{SITE}.*.unlock",
    devices.Unlock,
    devices.Unlocked,
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
    SYNC_ATTENDANCE,
    GET_JOB,
    QUEUE_STATS,
    PERMIT_DOOR,
    UNLOCK_DOOR,
    LIST_PUNCHES,
    ROSTER,
    PROBE,
    PERMIT,
    UNLOCK,
)
