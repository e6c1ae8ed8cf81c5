"""What attendance is asked."""

from typing import Final

from shared.contracts import attendance, subjects
from shared.contracts.auth import Permission
from shared.contracts.catalog.parts import Question

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
PUNCH_BY_APP: Final = Question(
    subjects.rpc("attendance", "app_punch"),
    attendance.PunchByApp,
    attendance.LoggedPunch,
    "The employee who asks punches, now.",
    "attendance",
    ("gateway",),
    Permission.PUNCHES_OWN,
)
LIST_OWN_LOG: Final = Question(
    subjects.rpc("attendance", "own_log"),
    attendance.ListOwnLog,
    attendance.LogPage,
    "The punches of the employee who asks.",
    "attendance",
    ("gateway",),
    Permission.PUNCHES_OWN,
)
LIST_APP_LOG: Final = Question(
    subjects.rpc("attendance", "app_log"),
    attendance.ListAppLog,
    attendance.LogPage,
    "The owner's punches by phone.",
    "attendance",
    ("gateway",),
    Permission.DELIVERIES_READ,
)
GET_IMAGE: Final = Question(
    subjects.rpc("attendance", "image"),
    attendance.GetImage,
    attendance.Image,
    "The photo of a punch by phone.",
    "attendance",
    ("gateway",),
    Permission.DELIVERIES_READ,
)
RECORD_PUNCHES: Final = Question(
    subjects.rpc("attendance", "record"),
    attendance.RecordPunches,
    attendance.PunchesKept,
    "Commit records that came by another way than an agent.",
    "attendance",
    ("devices",),
    None,
)

QUESTIONS: Final = (
    LIST_PUNCHES,
    SUMMARIZE_PUNCHES,
    PUNCH_BY_APP,
    LIST_OWN_LOG,
    LIST_APP_LOG,
    GET_IMAGE,
    RECORD_PUNCHES,
)
