"""Every failure a user can meet: its code, its HTTP status, what it is and what to do about it."""

from enum import StrEnum
from typing import Final, NamedTuple

from shared.contracts.message import DeviceText, Message


class ErrorSpec(NamedTuple):
    """One entry of the catalogue; ``advice`` is a sentence that says what to do."""

    status: int
    message: str
    advice: str


class Code(StrEnum):
    """The name of a failure, the same in every API, log and event."""

    VALIDATION_ERROR = "VALIDATION_ERROR"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    UNAUTHORIZED = "UNAUTHORIZED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    CONFLICT = "CONFLICT"
    EMAIL_TAKEN = "EMAIL_TAKEN"
    USERNAME_TAKEN = "USERNAME_TAKEN"
    IP_TAKEN = "IP_TAKEN"
    SERIAL_TAKEN = "SERIAL_TAKEN"
    ENROLL_ID_TAKEN = "ENROLL_ID_TAKEN"
    APP_LOGIN_DISABLED = "APP_LOGIN_DISABLED"
    KEY_REUSED = "KEY_REUSED"
    IN_PROGRESS = "IN_PROGRESS"
    TOO_LARGE = "TOO_LARGE"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    DEVICE_UNREACHABLE = "DEVICE_UNREACHABLE"
    DEVICE_OFFLINE = "DEVICE_OFFLINE"
    HARDWARE_CHANGED = "HARDWARE_CHANGED"
    SERIAL_CLONED = "SERIAL_CLONED"
    DEVICE_WRONG_KEY = "DEVICE_WRONG_KEY"
    DEVICE_REFUSED = "DEVICE_REFUSED"
    DEVICE_WRONG_PROTOCOL = "DEVICE_WRONG_PROTOCOL"
    DEVICE_NO_ANSWER = "DEVICE_NO_ANSWER"
    DEVICE_ERROR = "DEVICE_ERROR"
    DEVICE_BUSY = "DEVICE_BUSY"
    DEVICE_NO_DATA = "DEVICE_NO_DATA"
    DEVICE_FULL = "DEVICE_FULL"
    DRIVER_MISSING = "DRIVER_MISSING"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    PULL_INCOMPLETE = "PULL_INCOMPLETE"
    UNKNOWN_FORM = "UNKNOWN_FORM"
    USER_TAKEN = "USER_TAKEN"
    INCOMPATIBLE = "INCOMPATIBLE"
    ENROLMENT_FAILED = "ENROLMENT_FAILED"
    UNRECEIPTED_RECORDS = "UNRECEIPTED_RECORDS"
    LOG_NOT_QUIET = "LOG_NOT_QUIET"
    NO_AGENT = "NO_AGENT"
    UNLOCK_EXPIRED = "UNLOCK_EXPIRED"
    UNLOCK_UNKNOWN = "UNLOCK_UNKNOWN"
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    OPERATION_CANCELED = "OPERATION_CANCELED"
    OPERATION_EXPIRED = "OPERATION_EXPIRED"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    TIMEOUT = "TIMEOUT"
    INTERNAL_ERROR = "INTERNAL_ERROR"


CATALOGUE: Final[dict[Code, ErrorSpec]] = {
    Code.VALIDATION_ERROR: ErrorSpec(
        400, "Validation error", "Correct the named fields and send the request again."
    ),
    Code.INVALID_CREDENTIALS: ErrorSpec(401, "Invalid credentials", "Email atau password salah"),
    Code.UNAUTHORIZED: ErrorSpec(
        401, "Unauthorized", "Log in and send the access token as 'Authorization: Bearer <token>'."
    ),
    Code.FORBIDDEN: ErrorSpec(
        403, "Forbidden", "Ask an administrator of your organisation to do this for you."
    ),
    Code.NOT_FOUND: ErrorSpec(
        404, "Not found", "Check the identifier; list the things you own first."
    ),
    Code.METHOD_NOT_ALLOWED: ErrorSpec(
        405, "Method not allowed", "Use one of the methods named in the Allow header."
    ),
    Code.CONFLICT: ErrorSpec(409, "Conflict", "Something with this name exists; choose another."),
    Code.EMAIL_TAKEN: ErrorSpec(
        409, "Email already registered", "Log in, or choose another e-mail."
    ),
    Code.USERNAME_TAKEN: ErrorSpec(409, "Username already taken", "Choose another username."),
    Code.IP_TAKEN: ErrorSpec(
        409, "IP already exists", "A device of this site has this IP; change or remove that one."
    ),
    Code.SERIAL_TAKEN: ErrorSpec(
        409, "Serial number already exists", "Another device has this serial number; check both."
    ),
    Code.ENROLL_ID_TAKEN: ErrorSpec(
        409, "Enroll ID already taken", "Another employee has this enroll_id; choose another."
    ),
    Code.APP_LOGIN_DISABLED: ErrorSpec(
        403, "App login disabled", "Ask an administrator to let you log in to the app again."
    ),
    Code.KEY_REUSED: ErrorSpec(
        409,
        "Idempotency key reused",
        "This Idempotency-Key was used for another request; take a new one.",
    ),
    Code.IN_PROGRESS: ErrorSpec(
        409, "Request in progress", "The first request with this key is running; ask again later."
    ),
    Code.TOO_LARGE: ErrorSpec(413, "Request too large", "Send a smaller body."),
    Code.TOO_MANY_REQUESTS: ErrorSpec(
        429, "Too many requests", "Wait for the time in Retry-After, then try again."
    ),
    Code.DEVICE_UNREACHABLE: ErrorSpec(
        503,
        "Cannot reach device",
        "Check the device's power and network cable, its IP and port, and the agent's route to it.",
    ),
    Code.DEVICE_OFFLINE: ErrorSpec(
        503,
        "Device offline or not registered",
        "Check that the terminal is on, dials in to this site's agent, and is approved.",
    ),
    Code.HARDWARE_CHANGED: ErrorSpec(
        409,
        "Another terminal under this serial number",
        "It is not served: if it was repaired or replaced, approve it again.",
    ),
    Code.SERIAL_CLONED: ErrorSpec(
        409,
        "Two terminals under one serial number",
        "Both dial in by turns and neither is served now; find the other one and switch it off.",
    ),
    Code.DEVICE_WRONG_KEY: ErrorSpec(
        503,
        "Device refused the comm key",
        "Set 'password' to the comm key shown in the device's menu under Comm. > Security.",
    ),
    Code.DEVICE_REFUSED: ErrorSpec(
        503,
        "Device refused the connection",
        "Newer firmware refuses this protocol (code 6001): use push/ADMS or older firmware.",
    ),
    Code.DEVICE_WRONG_PROTOCOL: ErrorSpec(
        503,
        "Not a ZKTeco terminal on this port",
        "Something else answers on this port; check the IP and port of the terminal.",
    ),
    Code.DEVICE_NO_ANSWER: ErrorSpec(
        504,
        "Device does not answer",
        "The device accepts connections but stays silent; restart it, then try again.",
    ),
    Code.DEVICE_ERROR: ErrorSpec(
        502, "Device reported an error", "See the number the device gave; its manual names it."
    ),
    Code.DEVICE_BUSY: ErrorSpec(
        503, "Device is busy", "An operation is running on this device; try again in a moment."
    ),
    Code.DEVICE_NO_DATA: ErrorSpec(
        502,
        "Device does not hand out this table",
        "It claims records but gives none: set its device type to T&A, or connect it by push/ADMS.",
    ),
    Code.DEVICE_FULL: ErrorSpec(
        409, "Device is full", "Remove people, or use a device with more capacity."
    ),
    Code.DRIVER_MISSING: ErrorSpec(
        503,
        "Driver not installed",
        "The agent's machine has no pyzk: install requirements/pyzk.txt, or set driver to native.",
    ),
    Code.NOT_SUPPORTED: ErrorSpec(
        409, "Not supported by this device", "See the details; another model or driver may do it."
    ),
    Code.PULL_INCOMPLETE: ErrorSpec(
        502,
        "Device sent an incomplete log",
        "Nothing of it was taken as complete; run the sync again.",
    ),
    Code.UNKNOWN_FORM: ErrorSpec(
        502,
        "Records of an unknown form",
        "The bytes are in quarantine at the agent and nothing was guessed; set log_layout, or send"
        " them to the makers of muster.",
    ),
    Code.USER_TAKEN: ErrorSpec(
        409, "User ID already on the device", "Choose another user_id, or update the person."
    ),
    Code.INCOMPATIBLE: ErrorSpec(
        409,
        "Incompatible devices",
        "Templates are of use to devices of the same family only; enrol the person there.",
    ),
    Code.ENROLMENT_FAILED: ErrorSpec(
        409, "Enrolment failed", "See the details, then let the person try again."
    ),
    Code.UNRECEIPTED_RECORDS: ErrorSpec(
        409,
        "Records without a receipt",
        "The log was not cleared: not every record is stored yet. Sync, then try again.",
    ),
    Code.LOG_NOT_QUIET: ErrorSpec(
        409,
        "The log changed while it was checked",
        "The log was not cleared; try again when nobody is using the device.",
    ),
    Code.NO_AGENT: ErrorSpec(
        503,
        "No agent serves this site",
        "Start an agent for this site and check that it reaches the bus.",
    ),
    Code.UNLOCK_EXPIRED: ErrorSpec(
        504,
        "Door not unlocked in time",
        "The door stays locked: the permit ran out before the device was asked. Ask again.",
    ),
    Code.UNLOCK_UNKNOWN: ErrorSpec(
        504,
        "Outcome of the unlock is unknown",
        "The door may have opened; look at it before asking again. It is never retried for you.",
    ),
    Code.OUTCOME_UNKNOWN: ErrorSpec(
        504,
        "Outcome unknown",
        "The connection was lost after the device was asked; look at it before asking again.",
    ),
    Code.OPERATION_CANCELED: ErrorSpec(
        409, "Operation canceled", "It was canceled before it was sent; start it again if needed."
    ),
    Code.OPERATION_EXPIRED: ErrorSpec(
        504, "Operation expired", "The device was not reached in time; start it again."
    ),
    Code.SERVICE_UNAVAILABLE: ErrorSpec(
        503, "Service unavailable", "A part of muster is starting or down; try again in a moment."
    ),
    Code.TIMEOUT: ErrorSpec(
        504, "Timed out", "A part of muster did not answer in time; try again in a moment."
    ),
    Code.INTERNAL_ERROR: ErrorSpec(
        500, "Internal error", "This is a defect; report it with the request id."
    ),
}


class FieldProblem(Message):
    """What is wrong with one field of a request."""

    field: str
    problem: str


class Problem(Message):
    """A failure as it crosses the bus: a code of the catalogue, and what is particular to it."""

    code: Code
    details: DeviceText
    status: int
    fields: tuple[FieldProblem, ...] = ()
