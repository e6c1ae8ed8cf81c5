"""Registering users, and those who are there from the start."""

from pathlib import Path

from pydantic import ValidationError

from services.auth import rules
from services.auth.handlers.passwords import Passwords
from services.auth.rules import Bootstrap, FirstOwner
from services.auth.settings import AuthSettings
from services.auth.store import employees
from services.auth.store import users as store
from services.auth.store.users import NewUser
from shared.contracts.auth import Caller, RegisterUser, User
from shared.contracts.errors import Code
from shared.kit.clock import Clock
from shared.kit.db import AsyncEngine, transaction
from shared.kit.errors import MusterError, StartupError
from shared.kit.logging import get_logger

log = get_logger(__name__)


class Users:
    """Makes users."""

    def __init__(self, engine: AsyncEngine, clock: Clock, passwords: Passwords) -> None:
        self._engine = engine
        self._clock = clock
        self._passwords = passwords

    async def register(self, request: RegisterUser, caller: Caller) -> User:
        """Make a user of the caller's owner; raise EMAIL_TAKEN or USERNAME_TAKEN."""
        password = await self._passwords.hash(request.password.get_secret_value())
        user = NewUser(request.username, request.email, password, request.role, caller.owner)
        async with transaction(self._engine, "register") as connection:
            user_id = await store.add_user(connection, user, self._clock.now())
            if user_id is None:
                by_email = await store.user_by_email(connection, user.email)
                raise MusterError(Code.EMAIL_TAKEN if by_email else Code.USERNAME_TAKEN)
        return User(
            id=user_id,
            username=user.username,
            email=user.email,
            role=user.role,
            owner=user.owner,
        )

    async def found(self, settings: AuthSettings) -> None:
        """Make the owners and administrators of the bootstrap file; leave those that are there.

        Raises StartupError when the documents' example credentials would be served to anybody
        but the local demo.
        """
        bootstrap = _read(settings.bootstrap_file)
        await self._refuse_examples(settings, bootstrap)
        for owner in bootstrap.owners:
            await self._add(owner)

    async def _refuse_examples(self, settings: AuthSettings, bootstrap: Bootstrap) -> None:
        if settings.demo:
            if not rules.is_loopback(settings.http_host):
                msg = "MUSTER_DEMO=true is for loopback only: set MUSTER_HTTP_HOST=127.0.0.1"
                raise StartupError(msg)
            return
        if rules.has_examples(bootstrap):
            msg = (
                f"{settings.bootstrap_file} holds a password printed in the API documents:"
                " choose another"
            )
            raise StartupError(msg)
        if await self._example_stored():
            msg = (
                f"{rules.EXAMPLE_EMAIL} or {rules.EXAMPLE_USERNAME} has the password printed in"
                " the API documents: start a database of your own, not the demo's"
            )
            raise StartupError(msg)

    async def _example_stored(self) -> bool:
        async with self._engine.connect() as connection:
            user = await store.user_by_email(connection, rules.EXAMPLE_EMAIL)
            employee = await employees.by_username(connection, rules.EXAMPLE_USERNAME)
        for known in (user, employee):
            for password in rules.EXAMPLE_PASSWORDS if known else ():
                if known and (await self._passwords.check(password, known.password))[0]:
                    return True
        return False

    async def _add(self, owner: FirstOwner) -> None:
        now = self._clock.now()
        admin = owner.admin
        async with transaction(self._engine, "bootstrap") as connection:
            await store.add_owner(connection, owner.id, owner.name, now)
            if await store.user_by_email(connection, admin.email):
                return
            password = await self._passwords.hash(admin.password.get_secret_value())
            user = NewUser(admin.username, admin.email, password, "admin", owner.id)
            if await store.add_user(connection, user, now) is None:
                msg = f"the username {admin.username!r} of owner {owner.id} is another user's"
                raise StartupError(msg)
        log.info("administrator made", owner=owner.id, email=admin.email)


def _read(path: Path | None) -> Bootstrap:
    if path is None:
        return Bootstrap()
    try:
        return Bootstrap.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        reason = error.errors(include_input=False) if isinstance(error, ValidationError) else error
        msg = f"{path}: cannot read the owners to start with: {reason}"
        raise StartupError(msg) from None
