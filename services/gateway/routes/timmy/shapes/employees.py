"""What callers send of employees."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from services.gateway.routes.examples import example
from services.gateway.routes.shapes.fields import LEFT_OUT, PLAIN, Name, Strict, Text
from services.gateway.routes.timmy.shapes.fields import EnrollId
from shared.contracts.auth import Password
from shared.contracts.employees import (
    AddEmployee,
    AppPermissions,
    ChangeEmployee,
    EmployeeLogin,
    ListEmployees,
)

_NO_NUL: Final[Any] = Field(json_schema_extra={"pattern": r"^[^\x00]*$"})
_Password = Annotated[Password, _NO_NUL]
Username = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[^\s\x00-\x1f\x7f]{1,64}$")
]
Phone = Annotated[Text, Field(max_length=64)]
AnyEmail = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        pattern=r"^(?:[^@\s\x00-\x1f\x7f-\x9f]{1,64}@[^@\s\x00-\x1f\x7f-\x9f]{1,190})?$",
    ),
]
"""Loose on purpose: the document's own has no dot in its domain, and empty is none."""
_EXAMPLE: Final[dict[str, Any]] = {
    "enroll_id": "121",
    "username": "asd",
    "password": "strongPassword",
    "fullName": "mustafa",
    "phone": "0770xxxxxxx",
    "email": "mustafa@example.com",
}


class EmployeeCredentials(BaseModel):
    """An employee's username and password."""

    model_config = example(username="emp-86359.mo", password="password123")  # noqa: S106 - the document's

    username: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\x00]*$"
        ),
    ]
    password: _Password

    def asking(self, access_seconds: int) -> EmployeeLogin:
        """Return the question to auth."""
        return EmployeeLogin(
            username=self.username, password=self.password, access_seconds=access_seconds
        )


class Permissions(Strict):
    """What an employee may do with the app; others than these are not known."""

    can_login_app: bool | None = None
    can_view_fingerprint: bool | None = None


class NewEmployee(Strict):
    """An employee to be."""

    model_config = example(**_EXAMPLE)

    enroll_id: EnrollId
    username: Username
    password: _Password
    full_name: Name = Field(alias="fullName")
    phone: Phone = ""
    email: AnyEmail = ""
    is_active: bool = Field(default=True, alias="isActive")
    app_permissions: Permissions = Permissions()

    def asking(self) -> AddEmployee:
        """Return the question to auth."""
        sent = dict(self)
        permissions = sent.pop("app_permissions").model_dump(exclude_none=True)
        return AddEmployee(**sent, permissions=AppPermissions(**permissions))


def _left_out(sent: object) -> object:
    # Forms that write back what they read send an empty password for the same one.
    return None if sent == "" else sent


class EmployeeChange(Strict):
    """A part of an employee; what is left out or null stays as it is."""

    model_config = example(fullName="Mustafa Updated", phone="0770xxxxxxx")

    enroll_id: EnrollId | None = None
    username: Username | None = None
    password: Annotated[_Password | None, BeforeValidator(_left_out)] = None
    full_name: Name | None = Field(default=None, alias="fullName")
    phone: Phone | None = None
    email: AnyEmail | None = None
    is_active: bool | None = Field(default=None, alias="isActive")
    app_permissions: Permissions = Permissions()

    def asking(self, employee_id: str) -> ChangeEmployee:
        """Return the question to auth."""
        sent = dict(self)
        permissions = sent.pop("app_permissions").model_dump()
        return ChangeEmployee(employee_id=employee_id, **sent, **permissions)


class Employees(BaseModel):
    """Which employees."""

    q: Annotated[str, Field(max_length=128, pattern=PLAIN)] | None = LEFT_OUT
    """Part of a username, full name, phone or e-mail, taken literally."""

    def asking(self) -> ListEmployees:
        """Return the question to auth."""
        return ListEmployees(q=self.q or None)
