"""Employees: taken in, looked at, changed and let go by their owner's administrators."""

from typing import Any

from services.auth import rules
from services.auth.handlers.ending import ended_employee
from services.auth.handlers.passwords import Passwords
from services.auth.store import employees as store
from services.auth.store.employees import Stored
from services.auth.store.users import OUTBOX
from shared.contracts import catalog
from shared.contracts.auth import Caller
from shared.contracts.employees import (
    AddEmployee,
    ChangeEmployee,
    Employee,
    EmployeeList,
    ListEmployees,
    RemoveEmployee,
)
from shared.contracts.errors import Code
from shared.contracts.identity import canonical_person, object_id
from shared.kit import outbox
from shared.kit.clock import Clock, new_id
from shared.kit.db import AsyncConnection, AsyncEngine, transaction
from shared.kit.errors import MusterError
from shared.kit.rpc import Answers


class Employees:
    """The employees of every owner, each seen by its own owner only."""

    def __init__(self, engine: AsyncEngine, clock: Clock, passwords: Passwords) -> None:
        self._engine = engine
        self._clock = clock
        self._passwords = passwords

    async def listed(self, request: ListEmployees, caller: Caller) -> EmployeeList:
        """Return the caller's owner's employees, those that match."""
        if request.q and "\0" in request.q:  # nothing that is stored has one
            return EmployeeList(items=())
        async with transaction(self._engine, "list employees") as connection:
            items = await store.of_owner(connection, caller.owner, request.q)
        return EmployeeList(items=items)

    async def add(self, request: AddEmployee, caller: Caller) -> Employee:
        """Take an employee in; raise USERNAME_TAKEN or ENROLL_ID_TAKEN."""
        password = await self._passwords.hash(request.password.get_secret_value())
        now, employee_id = self._clock.now(), object_id(new_id())
        row = {
            **request.model_dump(exclude={"permissions", "password"}),
            **request.permissions.model_dump(),
            "id": employee_id,
            "owner": caller.owner,
            "person": canonical_person(request.enroll_id),
            "password": password,
            "created_at": now,
            "updated_at": now,
        }
        async with transaction(self._engine, "add employee") as connection:
            if taken := await store.add(connection, row):
                raise MusterError(taken)
            return (await self._mine(connection, caller, employee_id)).employee

    async def change(self, request: ChangeEmployee, caller: Caller) -> Employee:
        """Change an employee; sessions end when their tokens say what is no longer true."""
        values: dict[str, Any] = request.model_dump(
            exclude={"employee_id", "password"}, exclude_none=True
        )
        if request.enroll_id is not None:
            values["person"] = canonical_person(request.enroll_id)
        if request.password is not None:
            password = request.password.get_secret_value()
            values["password"] = await self._passwords.hash(password)
        async with transaction(self._engine, "change employee") as connection:
            before = (await self._mine(connection, caller, request.employee_id)).employee
            values["updated_at"] = self._clock.now()
            if taken := await store.change(connection, before.id, values):
                raise MusterError(taken)
            after = (await self._mine(connection, caller, before.id)).employee
            if request.password is not None or _outdated(before, after):
                await self._end(connection, before.id)
            return after

    async def remove(self, request: RemoveEmployee, caller: Caller) -> Employee:
        """Let an employee go, and end their sessions; their punches stay."""
        async with transaction(self._engine, "remove employee") as connection:
            found = (await self._mine(connection, caller, request.employee_id)).employee
            await self._end(connection, found.id)
            await store.remove(connection, found.id)
        return found

    @staticmethod
    async def _mine(connection: AsyncConnection, caller: Caller, employee_id: str) -> Stored:
        found = None
        if "\0" not in employee_id:
            found = await store.lock(connection, caller.owner, employee_id)
        if found is None:
            raise MusterError(Code.NOT_FOUND)
        return found

    async def _end(self, connection: AsyncConnection, employee_id: str) -> None:
        ended = await store.end_sessions(connection, employee_id, self._clock.now())
        await outbox.write(connection, OUTBOX, [ended_employee(each) for each in ended])


def _outdated(before: Employee, after: Employee) -> bool:
    """Tell whether tokens that were given before say what is not true any more."""
    return rules.is_barred(after) or before.enroll_id != after.enroll_id


def routes(employees: Employees, answers: Answers) -> None:
    """Hear what concerns employees."""
    answers.to_callers(catalog.LIST_EMPLOYEES, ListEmployees, employees.listed)
    answers.to_callers(catalog.ADD_EMPLOYEE, AddEmployee, employees.add)
    answers.to_callers(catalog.CHANGE_EMPLOYEE, ChangeEmployee, employees.change)
    answers.to_callers(catalog.REMOVE_EMPLOYEE, RemoveEmployee, employees.remove)
