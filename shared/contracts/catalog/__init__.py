"""The table of everything said on the bus: subject, message, stream, who says it, who hears it.

Permissions on the broker, the documents in docs/ and the matrix in tests/ are all made from it.
A party is a service's name; ``agent`` means the agents of the site in the subject; ``subscriber``
is a program outside the project.
"""

from typing import Final

from shared.contracts.catalog import agents, attendance, auth, devices, forwarder, operations
from shared.contracts.catalog.agents import (
    DEPOSIT_PEOPLE,
    DEPOSIT_TEMPLATES,
    DEPOSIT_TOLD,
    PERMIT,
    PROBE,
    ROSTER,
    SIGHTED,
    START,
    UNLOCK,
)
from shared.contracts.catalog.attendance import (
    GET_IMAGE,
    LIST_APP_LOG,
    LIST_OWN_LOG,
    LIST_PUNCHES,
    PUNCH_BY_APP,
    RECORD_PUNCHES,
    SUMMARIZE_PUNCHES,
)
from shared.contracts.catalog.auth import (
    ADD_EMPLOYEE,
    CHANGE_EMPLOYEE,
    GET_SELF,
    LIST_EMPLOYEES,
    LOGIN,
    LOGIN_EMPLOYEE,
    LOGOUT,
    REFRESH,
    REGISTER_USER,
    REMOVE_EMPLOYEE,
)
from shared.contracts.catalog.devices import (
    APPROVE_DEVICE,
    CHANGE_DEVICE,
    FIND_DEVICE,
    GET_DEVICE,
    LIST_ALARMS,
    LIST_DEVICE_EVENTS,
    LIST_DEVICES,
    LIST_PENDING,
    LIST_TEMPLATES,
    LIST_USERS,
    MAKE_PATH,
    READ_TEMPLATES_KEPT,
    REGISTER_DEVICE,
    REMOVE_DEVICE,
    TAKE_LOG,
)
from shared.contracts.catalog.events import EVENTS
from shared.contracts.catalog.forwarder import (
    REDELIVER,
)
from shared.contracts.catalog.operations import (
    CANCEL_JOB,
    COPY_TEMPLATES,
    GET_JOB,
    GET_OPERATION,
    LIST_OPERATIONS,
    OPERATE,
    OPERATION_STATS,
    PERMIT_DOOR,
    QUEUE_STATS,
    RETRY_JOB,
    TRANSFER_USERS,
    UNLOCK_DOOR,
)
from shared.contracts.catalog.parts import SERVICES, SITE, Channel, Question

QUESTIONS: Final = (
    *auth.QUESTIONS,
    *devices.QUESTIONS,
    *operations.QUESTIONS,
    *attendance.QUESTIONS,
    *forwarder.QUESTIONS,
    *agents.QUESTIONS,
)

__all__ = [
    "ADD_EMPLOYEE",
    "APPROVE_DEVICE",
    "CANCEL_JOB",
    "CHANGE_DEVICE",
    "CHANGE_EMPLOYEE",
    "COPY_TEMPLATES",
    "DEPOSIT_PEOPLE",
    "DEPOSIT_TEMPLATES",
    "DEPOSIT_TOLD",
    "EVENTS",
    "FIND_DEVICE",
    "GET_DEVICE",
    "GET_IMAGE",
    "GET_JOB",
    "GET_OPERATION",
    "GET_SELF",
    "LIST_ALARMS",
    "LIST_APP_LOG",
    "LIST_DEVICES",
    "LIST_DEVICE_EVENTS",
    "LIST_EMPLOYEES",
    "LIST_OPERATIONS",
    "LIST_OWN_LOG",
    "LIST_PENDING",
    "LIST_PUNCHES",
    "LIST_TEMPLATES",
    "LIST_USERS",
    "LOGIN",
    "LOGIN_EMPLOYEE",
    "LOGOUT",
    "MAKE_PATH",
    "OPERATE",
    "OPERATION_STATS",
    "PERMIT",
    "PERMIT_DOOR",
    "PROBE",
    "PUNCH_BY_APP",
    "QUESTIONS",
    "QUEUE_STATS",
    "READ_TEMPLATES_KEPT",
    "RECORD_PUNCHES",
    "REDELIVER",
    "REFRESH",
    "REGISTER_DEVICE",
    "REGISTER_USER",
    "REMOVE_DEVICE",
    "REMOVE_EMPLOYEE",
    "RETRY_JOB",
    "ROSTER",
    "SERVICES",
    "SIGHTED",
    "SITE",
    "START",
    "SUMMARIZE_PUNCHES",
    "TAKE_LOG",
    "TRANSFER_USERS",
    "UNLOCK",
    "UNLOCK_DOOR",
    "Channel",
    "Question",
]
