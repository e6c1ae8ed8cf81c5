"""What callers ask the registry about devices and the people they hold."""

from typing import Final

from shared.contracts import devices, subjects
from shared.contracts.auth import Permission
from shared.contracts.catalog.parts import Question

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
FIND_DEVICE: Final = Question(
    subjects.rpc("devices", "find"),
    devices.FindDevice,
    devices.Device,
    "One device of the caller's by its serial number.",
    "devices",
    ("gateway",),
    Permission.DEVICES_READ,
)
LIST_PENDING: Final = Question(
    subjects.rpc("devices", "pending"),
    devices.ListPending,
    devices.PendingPage,
    "Terminals that dialled in and wait for approval.",
    "devices",
    ("gateway",),
    Permission.DEVICES_READ,
)
APPROVE_DEVICE: Final = Question(
    subjects.rpc("devices", "approve"),
    devices.ApproveDevice,
    devices.Device,
    "Serve a terminal from now on.",
    "devices",
    ("gateway",),
    Permission.DEVICES_WRITE,
)
MAKE_PATH: Final = Question(
    subjects.rpc("devices", "path"),
    devices.MakePath,
    devices.PathMade,
    "Give a device that dials in a secret path.",
    "devices",
    ("gateway",),
    Permission.DEVICES_WRITE,
)
LIST_DEVICE_EVENTS: Final = Question(
    subjects.rpc("devices", "events"),
    devices.ListDeviceEvents,
    devices.DeviceEventPage,
    "What happened at a device besides punches.",
    "devices",
    ("gateway",),
    Permission.DEVICES_READ,
)
READ_TEMPLATES_KEPT: Final = Question(
    subjects.rpc("devices", "reveal"),
    devices.ReadTemplatesKept,
    devices.TemplatesRead,
    "Templates in custody, themselves.",
    "devices",
    ("gateway",),
    Permission.BIOMETRICS_READ,
)
TAKE_LOG: Final = Question(
    subjects.rpc("devices", "log"),
    devices.TakeLog,
    devices.LogTaken,
    "Records that somebody POSTs in a device's name.",
    "devices",
    ("gateway",),
    Permission.PUBLIC,
)

QUESTIONS: Final = (
    REGISTER_DEVICE,
    LIST_DEVICES,
    GET_DEVICE,
    CHANGE_DEVICE,
    REMOVE_DEVICE,
    LIST_USERS,
    LIST_TEMPLATES,
    LIST_ALARMS,
    FIND_DEVICE,
    LIST_PENDING,
    APPROVE_DEVICE,
    MAKE_PATH,
    LIST_DEVICE_EVENTS,
    READ_TEMPLATES_KEPT,
    TAKE_LOG,
)
