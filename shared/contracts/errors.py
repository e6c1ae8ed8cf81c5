"""Every failure a user can meet: its code, its HTTP status, what it is and what to do about it."""

from typing import Final, NamedTuple

from shared.contracts.message import Message


class ErrorSpec(NamedTuple):
    """One entry of the catalogue; ``advice`` is a sentence that says what to do."""

    status: int
    message: str
    advice: str


CATALOGUE: Final[dict[str, ErrorSpec]] = {
    "VALIDATION_ERROR": ErrorSpec(
        400, "Validation error", "Correct the named fields and send the request again."
    ),
    "INVALID_CREDENTIALS": ErrorSpec(401, "Invalid credentials", "Email atau password salah"),
    "UNAUTHORIZED": ErrorSpec(
        401, "Unauthorized", "Log in and send the access token as 'Authorization: Bearer <token>'."
    ),
    "FORBIDDEN": ErrorSpec(
        403, "Forbidden", "Ask an administrator of your organisation to do this for you."
    ),
    "NOT_FOUND": ErrorSpec(
        404, "Not found", "Check the identifier; list the things you own first."
    ),
    "METHOD_NOT_ALLOWED": ErrorSpec(
        405, "Method not allowed", "Use one of the methods named in the Allow header."
    ),
    "CONFLICT": ErrorSpec(409, "Conflict", "Something with this name exists; choose another."),
    "EMAIL_TAKEN": ErrorSpec(409, "Email already registered", "Log in, or choose another e-mail."),
    "USERNAME_TAKEN": ErrorSpec(409, "Username already taken", "Choose another username."),
    "IP_TAKEN": ErrorSpec(
        409, "IP already exists", "A device of this site has this IP; change or remove that one."
    ),
    "SERIAL_TAKEN": ErrorSpec(
        409, "Serial number already exists", "Another device has this serial number; check both."
    ),
    "KEY_REUSED": ErrorSpec(
        409,
        "Idempotency key reused",
        "This Idempotency-Key was used for another request; take a new one.",
    ),
    "IN_PROGRESS": ErrorSpec(
        409, "Request in progress", "The first request with this key is running; ask again later."
    ),
    "TOO_LARGE": ErrorSpec(413, "Request too large", "Send a smaller body."),
    "TOO_MANY_REQUESTS": ErrorSpec(
        429, "Too many requests", "Wait for the time in Retry-After, then try again."
    ),
    "DEVICE_UNREACHABLE": ErrorSpec(
        503,
        "Cannot reach device",
        "Check the device's power and network cable, its IP and port, and the agent's route to it.",
    ),
    "DEVICE_WRONG_KEY": ErrorSpec(
        503,
        "Device refused the comm key",
        "Set 'password' to the comm key shown in the device's menu under Comm. > Security.",
    ),
    "DEVICE_REFUSED": ErrorSpec(
        503,
        "Device refused the connection",
        "Newer firmware refuses this protocol (code 6001): use push/ADMS or older firmware.",
    ),
    "DEVICE_WRONG_PROTOCOL": ErrorSpec(
        503,
        "Not a ZKTeco terminal on this port",
        "Something else answers on this port; check the IP and port of the terminal.",
    ),
    "DEVICE_NO_ANSWER": ErrorSpec(
        504,
        "Device does not answer",
        "The device accepts connections but stays silent; restart it, then try again.",
    ),
    "DEVICE_ERROR": ErrorSpec(
        502, "Device reported an error", "See the number the device gave; its manual names it."
    ),
    "DEVICE_BUSY": ErrorSpec(
        503, "Device is busy", "An operation is running on this device; try again in a moment."
    ),
    "PULL_INCOMPLETE": ErrorSpec(
        502,
        "Device sent an incomplete log",
        "Nothing of it was taken as complete; run the sync again.",
    ),
    "NO_AGENT": ErrorSpec(
        503,
        "No agent serves this site",
        "Start an agent for this site and check that it reaches the bus.",
    ),
    "UNLOCK_EXPIRED": ErrorSpec(
        504,
        "Door not unlocked in time",
        "The door stays locked: the permit ran out before the device was asked. Ask again.",
    ),
    "UNLOCK_UNKNOWN": ErrorSpec(
        504,
        "Outcome of the unlock is unknown",
        "The door may have opened; look at it before asking again. It is never retried for you.",
    ),
    "OPERATION_EXPIRED": ErrorSpec(
        504, "Operation expired", "The device was not reached in time; start it again."
    ),
    "SERVICE_UNAVAILABLE": ErrorSpec(
        503, "Service unavailable", "A part of muster is starting or down; try again in a moment."
    ),
    "TIMEOUT": ErrorSpec(
        504, "Timed out", "A part of muster did not answer in time; try again in a moment."
    ),
    "INTERNAL_ERROR": ErrorSpec(
        500, "Internal error", "This is a defect; report it with the request id."
    ),
}


class FieldProblem(Message):
    """What is wrong with one field of a request."""

    field: str
    problem: str


class Problem(Message):
    """A failure as it crosses the bus: a code of the catalogue, and what is particular to it."""

    code: str
    details: str
    status: int
    fields: tuple[FieldProblem, ...] = ()
