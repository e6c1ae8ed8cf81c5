"""/api: employees: they log in; administrators take them in, change them and let them go."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request
from starlette.responses import Response

from services.gateway.routes import words
from services.gateway.routes.answers import Answer
from services.gateway.routes.bodies import Sent
from services.gateway.routes.envelopes import language_asked, plain
from services.gateway.routes.examples import example_of
from services.gateway.routes.table import ASKING, Route, Visiting
from services.gateway.routes.timmy.shapes import employees as shapes
from services.gateway.routes.timmy.shapes.fields import ObjectId
from services.gateway.routes.timmy.views import employees as views
from services.gateway.routes.timmy.views.base import Success
from services.gateway.routes.timmy.views.sessions import TOKEN
from shared.contracts import catalog, employees
from shared.contracts.auth import Permission
from shared.contracts.errors import Code
from shared.kit.bus import Bus
from shared.kit.rpc import ask


class Employees:
    """Endpoints of /api; ``token_seconds`` is how long an employee's token lives."""

    def __init__(self, bus: Bus, token_seconds: int) -> None:
        self._bus = bus
        self._token_seconds = token_seconds

    async def login(
        self,
        request: Request,
        body: Annotated[shapes.EmployeeCredentials, Depends(Sent(shapes.EmployeeCredentials))],
    ) -> Response:
        """Exchange an employee's username and password for a token."""
        asked, reply = body.asking(self._token_seconds), employees.EmployeeSession
        made = await ask(self._bus, catalog.LOGIN_EMPLOYEE, asked, reply)
        message = words.LOGGED_IN.to(language_asked(request))
        return plain(views.EmployeeSession.opened(made, message))

    async def listed(self, who: Visiting, query: Annotated[shapes.Employees, Query()]) -> Response:
        """List the caller's owner's employees, newest first."""
        question, reply = catalog.LIST_EMPLOYEES, employees.EmployeeList
        found = await ask(self._bus, question, query.asking(), reply, token=who.token)
        items = tuple(views.Employee.of(each) for each in found.items)
        return plain(views.Employees(items=items))

    async def add(
        self, who: Visiting, body: Annotated[shapes.NewEmployee, Depends(Sent(shapes.NewEmployee))]
    ) -> Response:
        """Take an employee in, who can log in at once."""
        question, reply = catalog.ADD_EMPLOYEE, employees.Employee
        made = await ask(self._bus, question, body.asking(), reply, token=who.token)
        return plain(views.OneEmployee(item=views.Employee.of(made)))

    async def change(
        self,
        who: Visiting,
        employee_id: ObjectId,
        body: Annotated[shapes.EmployeeChange, Depends(Sent(shapes.EmployeeChange))],
    ) -> Response:
        """Change a part of an employee."""
        question, reply = catalog.CHANGE_EMPLOYEE, employees.Employee
        asked = body.asking(employee_id)
        changed = await ask(self._bus, question, asked, reply, token=who.token)
        return plain(views.OneEmployee(item=views.Employee.of(changed)))

    async def remove(self, who: Visiting, employee_id: ObjectId) -> Response:
        """Let an employee go; their punches stay."""
        asked = employees.RemoveEmployee(employee_id=employee_id)
        reply = employees.Employee
        await ask(self._bus, catalog.REMOVE_EMPLOYEE, asked, reply, token=who.token)
        return plain(Success())

    def routes(self) -> tuple[Route, ...]:
        """Return the table of these routes."""
        shown: dict[str, Any] = example_of(views.Employee)
        session = {
            "message": words.LOGGED_IN.document,
            "token": TOKEN,
            "result": example_of(views.LoggedIn),
        }
        one = Answer(200, views.OneEmployee, {"success": True, "item": shown})
        taken = (Code.USERNAME_TAKEN, Code.ENROLL_ID_TAKEN)
        return (
            Route(
                "POST",
                ("/employees/login",),
                self.login,
                Permission.PUBLIC,
                "S",
                "Log in to the app",
                (Answer(200, views.EmployeeSession, session),),
                (
                    *ASKING,
                    Code.INVALID_CREDENTIALS,
                    Code.APP_LOGIN_DISABLED,
                    Code.TOO_MANY_REQUESTS,
                ),
            ),
            Route(
                "GET",
                ("/employees",),
                self.listed,
                Permission.EMPLOYEES_READ,
                "S",
                "List employees",
                (Answer(200, views.Employees, {"success": True, "items": [shown]}),),
            ),
            Route(
                "POST",
                ("/employees",),
                self.add,
                Permission.EMPLOYEES_WRITE,
                "S",
                "Create an employee",
                (one,),
                (*ASKING, *taken),
            ),
            Route(
                "PUT",
                ("/employees/{id}",),
                self.change,
                Permission.EMPLOYEES_WRITE,
                "S",
                "Update an employee (partial)",
                (one,),
                (*ASKING, Code.NOT_FOUND, *taken),
            ),
            Route(
                "DELETE",
                ("/employees/{id}",),
                self.remove,
                Permission.EMPLOYEES_WRITE,
                "S",
                "Delete an employee; the punches stay",
                (Answer(200, Success, {"success": True}),),
                (*ASKING, Code.NOT_FOUND),
            ),
        )
