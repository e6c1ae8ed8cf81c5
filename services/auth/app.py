"""The composition root of auth."""

from functools import partial

from services.auth.handlers import app_sessions, employees
from services.auth.handlers.keys import Keys
from services.auth.handlers.passwords import Passwords
from services.auth.handlers.sessions import Sessions
from services.auth.handlers.users import Users
from services.auth.settings import AuthSettings
from services.auth.store.users import OUTBOX
from services.auth.tokens import Signer
from shared.contracts import auth, catalog, streams
from shared.kit.buckets import Bucket
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.db import engine_of
from shared.kit.outbox import Relay
from shared.kit.rpc import Answers
from shared.kit.security import TokenVerifier
from shared.kit.service import Service
from shared.kit.stream_check import StreamCheck


def build(settings: AuthSettings) -> Service:
    """Put auth together; nothing is connected yet."""
    clock = SystemClock()
    bus = Bus("auth", settings)
    engine = engine_of("auth", settings)
    bucket = Bucket(bus, streams.AUTH)
    signer = Signer.of_file(settings.signing_key_file)
    passwords = Passwords()
    users = Users(engine, clock, passwords)
    sessions = Sessions(engine, signer, clock, passwords, settings.refresh_days)
    keys = Keys(engine, bucket, signer, clock)
    stream = streams.of_bucket(streams.AUTH)
    answers = Answers(bus, TokenVerifier(bucket, clock))
    _answer(answers, sessions, users)
    employees.routes(employees.Employees(engine, clock, passwords), answers)
    app_sessions.routes(app_sessions.AppSessions(engine, signer, clock, passwords), answers)
    return Service(
        "auth",
        bus,
        StreamCheck(bus, [stream], seconds=settings.startup_seconds),
        engine,
        prepare=[partial(users.found, settings), keys.publish],
        tasks=[
            Relay("auth", settings, engine, OUTBOX, bus, [stream]).run,
            keys.keep_published,
        ],
    )


def _answer(answers: Answers, sessions: Sessions, users: Users) -> None:
    answers.to_anyone(catalog.LOGIN, auth.Login, sessions.login)
    answers.to_anyone(catalog.REFRESH, auth.Refresh, sessions.refresh)
    answers.to_callers(catalog.LOGOUT, auth.Logout, sessions.logout)
    answers.to_callers(catalog.REGISTER_USER, auth.RegisterUser, users.register)
