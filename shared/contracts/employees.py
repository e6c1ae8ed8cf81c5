"""Employees: people who punch with a phone; what auth is asked of them and answers."""

from typing import Annotated, Final

from pydantic import Field, StringConstraints

from shared.contracts.auth import Email, Password
from shared.contracts.message import Instant, Message, OwnerId, Secret

EmployeeId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{24}$")]
EnrollId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{1,24}$")]
"""How devices know the employee: the PIN."""
Username = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[^\s\x00-\x1f\x7f]{1,64}$"),
]
"""Unique among all owners' employees; letters count the same in either case."""
FullName = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]+$", max_length=128)
]
Phone = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00]*$", max_length=64)
]
NoEmail = Annotated[str, StringConstraints(pattern=r"^$")]
LONGEST_SESSION: Final = 31 * 86_400
"""The most seconds an employee's token may live."""


class AppPermissions(Message):
    """What an employee may do with the app."""

    can_login_app: bool = True
    can_view_fingerprint: bool = True
    """Whether the employee may see their own punches."""


class Employee(Message):
    """An employee as others may see it."""

    id: EmployeeId
    owner: OwnerId
    enroll_id: str
    username: str
    full_name: str
    phone: str
    email: str
    is_active: bool
    permissions: AppPermissions
    created_at: Instant
    updated_at: Instant


class EmployeeLogin(Message):
    """Exchange an employee's username and password for a token."""

    username: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    password: Password
    access_seconds: Annotated[int, Field(gt=0, le=LONGEST_SESSION)]


class EmployeeSession(Message):
    """A fresh token; it ends when what it says of the employee is no longer true."""

    access_token: Secret
    expires_in: int
    employee: Employee
    password_change_advised: bool = False


class GetSelf(Message):
    """The employee who asks, as they are now; UNAUTHORIZED when they are not any more."""


class ListEmployees(Message):
    """The caller's owner's employees, newest first."""

    q: Annotated[str, Field(max_length=128)] | None = None
    """Part of a username, full name, phone or e-mail, taken literally, in either case."""


class EmployeeList(Message):
    """All that were asked for."""

    items: tuple[Employee, ...]


class AddEmployee(Message):
    """Take an employee in; the password may be as weak as the documents' own."""

    enroll_id: EnrollId
    username: Username
    password: Password
    full_name: FullName
    phone: Phone = ""
    email: Email | NoEmail = ""
    is_active: bool = True
    permissions: AppPermissions = AppPermissions()


class ChangeEmployee(Message):
    """Change an employee; None stays as it is.

    Another password or enroll_id, and the end of the leave to log in, end every session.
    """

    employee_id: str
    enroll_id: EnrollId | None = None
    username: Username | None = None
    password: Password | None = None
    full_name: FullName | None = None
    phone: Phone | None = None
    email: Email | NoEmail | None = None
    is_active: bool | None = None
    can_login_app: bool | None = None
    can_view_fingerprint: bool | None = None


class RemoveEmployee(Message):
    """Let an employee go; their punches stay."""

    employee_id: str
