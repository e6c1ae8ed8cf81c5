"""Employees log in to the app; one token, and no other way to a new one than to log in again."""

from datetime import timedelta

from services.auth import rules
from services.auth.handlers.passwords import Passwords
from services.auth.rules import FailedLogins
from services.auth.store import employees as store
from services.auth.tokens import EmployeeSubject, Signer
from shared.contracts import catalog
from shared.contracts.auth import Caller
from shared.contracts.employees import Employee, EmployeeLogin, EmployeeSession, GetSelf
from shared.contracts.errors import Code
from shared.contracts.message import Secret
from shared.kit.clock import Clock, new_id
from shared.kit.db import AsyncEngine, transaction
from shared.kit.errors import MusterError
from shared.kit.rpc import Answers


class AppSessions:
    """Opens sessions for employees who know their password."""

    def __init__(
        self, engine: AsyncEngine, signer: Signer, clock: Clock, passwords: Passwords
    ) -> None:
        self._engine = engine
        self._signer = signer
        self._clock = clock
        self._passwords = passwords
        self._failed = FailedLogins()

    async def login(self, request: EmployeeLogin) -> EmployeeSession:
        """Open a session; an unknown username and a wrong password are answered alike.

        Whoever knows the password but may not log in hears APP_LOGIN_DISABLED.
        """
        password = request.password.get_secret_value()
        known, better = await self._authenticated(request.username, password)
        now, session = self._clock.now(), new_id()
        until = now + timedelta(seconds=request.access_seconds)
        async with transaction(self._engine, "employee login") as connection:
            # They may have been let go, or changed, while their password was looked at.
            current = await store.lock(connection, known.employee.owner, known.employee.id)
            if current is None or current.password != known.password:
                raise MusterError(Code.INVALID_CREDENTIALS)
            employee = current.employee
            if rules.is_barred(employee):
                raise MusterError(Code.APP_LOGIN_DISABLED)
            if better:
                await store.replace_password(connection, employee.id, known.password, better)
            await store.add_session(connection, session, employee, now, until)
        subject = EmployeeSubject(
            employee.id,
            employee.owner,
            employee.enroll_id,
            employee.full_name,
            employee.email,
            session,
        )
        token = self._signer.employee(subject, new_id(), now, request.access_seconds)
        return EmployeeSession(
            access_token=Secret(token),
            expires_in=request.access_seconds,
            employee=employee,
            password_change_advised=rules.is_weak(password, employee.username),
        )

    async def _authenticated(self, username: str, password: str) -> tuple[store.Stored, str | None]:
        key = username.lower()
        if wait := self._failed.wait(key, self._clock.monotonic()):
            raise MusterError(Code.TOO_MANY_REQUESTS, f"Wait {wait} s, then try again.")
        known = None
        if "\0" not in username:
            async with self._engine.connect() as connection:
                known = await store.by_username(connection, username)
        good, better = await self._passwords.check(password, known.password if known else None)
        if known is None or not good:
            self._failed.failed(key, self._clock.monotonic())
            raise MusterError(Code.INVALID_CREDENTIALS)
        self._failed.succeeded(key)
        return known, better

    async def self_of(self, _: GetSelf, caller: Caller) -> Employee:
        """Return the employee who asks; UNAUTHORIZED when they are let go or barred."""
        async with transaction(self._engine, "employee") as connection:
            known = await store.one(connection, caller.employee_id or "")
        if known is None or rules.is_barred(known.employee):
            raise MusterError(Code.UNAUTHORIZED, "This employee may not use the app any more.")
        return known.employee


def routes(sessions: AppSessions, answers: Answers) -> None:
    """Hear employees."""
    answers.to_anyone(catalog.LOGIN_EMPLOYEE, EmployeeLogin, sessions.login)
    answers.to_callers(catalog.GET_SELF, GetSelf, sessions.self_of)
