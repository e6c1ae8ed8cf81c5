"""Login, refresh, logout: the life of a session."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.auth import rules
from services.auth.handlers.ending import ended
from services.auth.handlers.passwords import Passwords
from services.auth.rules import FailedLogins, Worth
from services.auth.store import users as store
from services.auth.store.users import StoredUser
from services.auth.tokens import Signer, Subject
from shared.contracts.auth import Caller, LoggedOut, Login, Logout, Refresh, Session, User
from shared.contracts.errors import Code
from shared.contracts.message import Secret
from shared.kit import outbox
from shared.kit.clock import Clock, new_id
from shared.kit.db import AsyncConnection, AsyncEngine, transaction
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

log = get_logger(__name__)

_REFRESHED_SECONDS: Final = 3600


class Sessions:
    """Opens sessions for whoever knows a password, and ends them."""

    def __init__(
        self,
        engine: AsyncEngine,
        signer: Signer,
        clock: Clock,
        passwords: Passwords,
        refresh_days: int,
    ) -> None:
        self._engine = engine
        self._signer = signer
        self._clock = clock
        self._passwords = passwords
        self._refresh_life = timedelta(days=refresh_days)
        self._failed = FailedLogins()

    async def login(self, request: Login) -> Session:
        """Open a session; one answer for an unknown e-mail and a wrong password alike."""
        password = request.password.get_secret_value()
        user, better = await self._authenticated(request.email, password)
        session = new_id()
        now = self._clock.now()
        async with transaction(self._engine, "login") as connection:
            if better:
                await store.replace_password(connection, user, better)
            await store.add_session(connection, session, user, now)
            pair = await self._pair(connection, user, session, now, request.access_seconds)
        return pair.model_copy(
            update={"password_change_advised": rules.is_weak(password, user.email)}
        )

    async def _authenticated(self, email: str, password: str) -> tuple[StoredUser, str | None]:
        key = email.lower()
        if wait := self._failed.wait(key, self._clock.monotonic()):
            raise MusterError(Code.TOO_MANY_REQUESTS, f"Wait {wait} s, then try again.")
        async with self._engine.connect() as connection:
            user = await store.user_by_email(connection, email)
        good, better = await self._passwords.check(password, user.password if user else None)
        if user is None or not good or not user.active:
            self._failed.failed(key, self._clock.monotonic())
            raise MusterError(Code.INVALID_CREDENTIALS)
        self._failed.succeeded(key)
        return user, better

    async def refresh(self, request: Refresh) -> Session:
        """Exchange a refresh token for a new pair; a used one ends the session it belongs to."""
        jti = self._signer.refresh_id(request.refresh_token.get_secret_value())
        now = self._clock.now()
        async with transaction(self._engine, "refresh") as connection:
            found = await store.lock_refresh(connection, jti)
            worth = _worth(found, now)
            if found and worth is Worth.GOOD:
                await store.use_refresh(connection, jti, now)
                return await self._pair(
                    connection, found.user, found.session_id, now, _REFRESHED_SECONDS
                )
            if found and worth is Worth.REUSED:
                log.warning("refresh token used twice", session=str(found.session_id))
                await self._end(connection, found.session_id, now)
        raise MusterError(Code.UNAUTHORIZED, "The refresh token is used up; log in again.")

    async def logout(self, _: Logout, caller: Caller) -> LoggedOut:
        """End the caller's session."""
        async with transaction(self._engine, "logout") as connection:
            await self._end(connection, UUID(caller.session), self._clock.now())
        return LoggedOut(session=caller.session)

    async def _end(self, connection: AsyncConnection, session: UUID, now: datetime) -> None:
        await store.end_session(connection, session, now)
        await outbox.write(connection, store.OUTBOX, [ended(session)])

    async def _pair(
        self,
        connection: AsyncConnection,
        user: StoredUser,
        session: UUID,
        now: datetime,
        seconds: int,
    ) -> Session:
        subject = Subject(user.id, user.owner, user.role, user.email, user.username, session)
        jti, expires_at = new_id(), now + self._refresh_life
        await store.add_refresh(connection, jti, session, user.owner, expires_at)
        return Session(
            access_token=Secret(self._signer.access(subject, new_id(), now, seconds)),
            refresh_token=Secret(self._signer.refresh(subject, jti, now, expires_at)),
            expires_in=seconds,
            user=seen(user),
        )


def _worth(found: store.StoredRefresh | None, now: datetime) -> Worth:
    if found is None or not found.user.active:
        return Worth.DEAD
    return rules.worth_of(found.used_at, found.ended_at, found.expires_at, now)


def seen(user: StoredUser) -> User:
    """Return a user as others may see it."""
    return User(
        id=user.id, username=user.username, email=user.email, role=user.role, owner=user.owner
    )
