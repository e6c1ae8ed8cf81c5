"""Answers as the two documents show them, for the OpenAPI page; e-mails are made up."""

from typing import Any, Final

Example = dict[str, Any]


def _v1(message: str, data: object, **more: object) -> Example:
    return {"status": True, "message": message, "data": data, **more}


_TOKEN: Final = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSJ9..."  # noqa: S105 - the head of any token
_PAGING: Final = {"page": 1, "limit": 20, "total": 1, "total_pages": 1}
_JOB: Final[Example] = {
    "job_id": "sync-device-1-20240205143000",
    "device_id": 1,
    "status": "queued",
    "queued_at": "2024-02-05T14:30:00Z",
}
_DEVICE: Final[Example] = {
    "id": 1,
    "name": "Main Entrance Reader",
    "ip": "192.168.1.100",
    "port": 4370,
    "location": "Building A - Main Entrance",
    "serial_number": "ZKT-001-2024",
    "status": "active",
    "is_connected": True,
    "created_at": "2024-02-05T14:30:00Z",
}
_PUNCH: Final[Example] = {
    "id": "5f0c9a3e-1a0b-5d8e-9d55-3b1f6d1a2c4e",
    "device_id": 1,
    "serial_number": "ZKT-001-2024",
    "user_id": "42",
    "name": "Sample Person",
    "punched_at": "2024-02-05T01:02:03Z",
    "device_time": "2024-02-05T08:02:03",
    "received_at": "2024-02-05T01:02:04Z",
    "verify_method": 1,
    "in_out_state": 0,
    "work_code": None,
    "flags": [],
}

LOGIN: Final = _v1(
    "Login successful",
    {
        "access_token": _TOKEN,
        "refresh_token": _TOKEN,
        "token_type": "Bearer",
        "expires_in": 3600,
    },
)
REFRESH: Final = {**LOGIN, "message": "Token refreshed"}
LOGOUT: Final = _v1("Logout successful", {})
REGISTER: Final = _v1(
    "User berhasil didaftarkan",
    {"id": 1, "username": "john_doe", "email": "john@example.com", "role": "user"},
)
NEW_DEVICE: Final = _v1("Device registered successfully", _DEVICE)
DEVICES: Final = _v1("Devices retrieved", [_DEVICE], metadata=_PAGING)
DEVICE: Final = _v1("Device retrieved", _DEVICE)
SYNC: Final = _v1("Sync job queued successfully", _JOB)
JOB: Final = _v1(
    "Job retrieved",
    {
        **_JOB,
        "type": "attendance-sync",
        "status": "completed",
        "started_at": "2024-02-05T14:30:00Z",
        "finished_at": "2024-02-05T14:30:04Z",
        "progress": {"read": 2000, "receipted": 2000, "recorded": 37, "percent": 100},
        "outcome": "completed",
        "error": None,
    },
)
QUEUE_STATS: Final[Example] = {
    "status": True,
    "data": {
        "total_jobs": 1514,
        "active": 5,
        "waiting": 12,
        "completed": 1480,
        "failed": 17,
        "queues": {
            "attendance-sync": {"active": 2, "waiting": 5, "completed": 850, "failed": 9},
            "user-sync": {"active": 3, "waiting": 7, "completed": 630, "failed": 8},
        },
        "last_updated": "2024-02-05T14:30:00Z",
    },
}
ATTENDANCE: Final = _v1("Attendance records retrieved", [_PUNCH], metadata=_PAGING)
CACHE: Final = _v1("Cache cleared", {})
UNLOCK: Final = _v1(
    "Door unlocked successfully",
    {
        "device_id": 1,
        "unlock_time": "2024-02-05T14:30:00Z",
        "unlocked_by": "danish@example.com",
        "auto_lock_in": 5,
        "audit_id": "AUD-20240205-001",
    },
)
TIMMY_LOGIN: Final[Example] = {
    "success": True,
    "token": _TOKEN,
    "user": {"email": "admin@timmy.local", "name": "Admin", "role": "ADMIN"},
}

V1_ERROR: Final[Example] = {
    "status": False,
    "message": "Invalid credentials",
    "error": {
        "code": "INVALID_CREDENTIALS",
        "type": "InvalidCredentialsError",
        "details": "Email atau password salah",
    },
    "metadata": {
        "timestamp": "2024-02-05T14:30:00Z",
        "request_id": "req-abc-123",
        "api_version": "v1",
    },
}
TIMMY_ERROR: Final[Example] = {
    "success": False,
    "error": "invalid_credentials",
    "message": "Invalid credentials",
}
