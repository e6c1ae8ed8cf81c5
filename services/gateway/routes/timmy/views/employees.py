"""Employees, and the tokens they get."""

import operator
from typing import Annotated, Any, Final, Self

from pydantic import Field
from typing_extensions import override

from services.gateway.routes.examples import example
from services.gateway.routes.timmy.views.base import Moment, Success, View
from shared.contracts import employees
from shared.contracts.employees import AppPermissions

_EMPLOYEE: Final[dict[str, Any]] = {
    "_id": "69256416bd792a2ff963a6c9",
    "enroll_id": "121",
    "username": "asd",
    "fullName": "mustafa",
    "phone": "",
    "email": "",
    "isActive": True,
    "owner": "690f78b6dcccc75fb6722fe2",
    "app_permissions": {"can_login_app": True, "can_view_fingerprint": True},
    "createdAt": "2025-11-25T08:00:00.000Z",
    "updatedAt": "2025-11-25T08:00:00.000Z",
}


class Employee(View):
    """An employee."""

    model_config = example(**_EMPLOYEE)

    id: str = Field(alias="_id")
    enroll_id: str
    username: str
    full_name: str = Field(alias="fullName")
    phone: str
    email: str
    is_active: bool = Field(alias="isActive")
    owner: str
    app_permissions: AppPermissions
    created_at: Moment = Field(alias="createdAt")
    updated_at: Moment = Field(alias="updatedAt")

    @classmethod
    def of(cls, found: employees.Employee) -> Self:
        """Return an employee as others may see them."""
        return cls(**{**dict(found), "app_permissions": found.permissions})


class Employees(Success):
    """All employees that were asked for."""

    items: tuple[Employee, ...]


class OneEmployee(Success):
    """An employee who was taken in or changed."""

    item: Employee


class LoggedIn(Employee):
    """The employee who logged in; ``name`` is their full name."""

    model_config = example(**_EMPLOYEE, name="mustafa")

    name: str

    @override
    @classmethod
    def of(cls, found: employees.Employee) -> Self:
        """Return an employee as they see themselves."""
        return cls(**{**dict(found), "app_permissions": found.permissions, "name": found.full_name})


class EmployeeSession(View):
    """An employee's token."""

    message: str
    token: str
    result: LoggedIn
    password_change_advised: Annotated[bool, Field(exclude_if=operator.not_)] = False

    @classmethod
    def opened(cls, made: employees.EmployeeSession, message: str) -> Self:
        """Return the token of a new session, as text."""
        return cls(
            message=message,
            token=made.access_token.get_secret_value(),
            result=LoggedIn.of(made.employee),
            password_change_advised=made.password_change_advised,
        )
