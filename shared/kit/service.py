"""The life of a process: come up in order, run until told to stop, go down in order."""

import asyncio
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn, TypeVar

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.kit import db, telemetry
from shared.kit import logging as kit_logging
from shared.kit.bus import Bus
from shared.kit.errors import StartupError
from shared.kit.http import Checks, HttpServer, add_health
from shared.kit.logging import get_logger
from shared.kit.settings import Settings
from shared.kit.stream_check import StreamCheck

log = get_logger(__name__)
S = TypeVar("S", bound=Settings)

_EX_CONFIG: Final = 78
"""Of sysexits.h: the configuration is wrong."""
_STUCK_SECONDS: Final = 10.0
_PAUSE_SECONDS: Final = 0.5


class _Stop(Exception):  # noqa: N818 - not an error: the way out of the task group
    pass


@dataclass
class Service:
    """What a composition root built: the parts of a process that live and die together."""

    name: str
    bus: Bus
    check: StreamCheck
    engine: AsyncEngine | None = None
    app: FastAPI = field(default_factory=lambda: FastAPI(openapi_url=None))
    prepare: Sequence[Callable[[], Awaitable[None]]] = ()
    """Done once, in order, before the first message is heard."""
    tasks: Sequence[Callable[[], Awaitable[None]]] = ()
    """Run for as long as the process lives; the end of one with an error ends the process."""
    closing: Sequence[Callable[[], Awaitable[None]]] = ()
    """Done in order when the process goes down, while the broker is still there."""


def main(name: str, settings_type: type[S], build: Callable[[S], Service]) -> NoReturn:
    """Run one service until SIGTERM or SIGINT; the exit status is not 0 when it failed."""
    settings = settings_type()
    kit_logging.setup(name, settings.log_level)
    provider = telemetry.setup(name, settings)
    status = 0
    try:
        asyncio.run(_live(build, settings))
    except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 - each is logged below
        status = status_of(error)
    finally:
        provider.shutdown()
    sys.exit(status)


def status_of(error: BaseException) -> int:
    """Log every error that ended the process; return its exit status.

    EX_CONFIG when a person must mend something, whatever else went wrong besides: starting the
    process again would not help.
    """
    status = 1
    for each in _leaves(error):
        if isinstance(each, StartupError):
            status = _EX_CONFIG
            log.critical("refusing to run", reason=str(each))
        else:
            log.critical("ended by an error", error=repr(each), exc_info=each)
    return status


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in _leaves(each)]
    return [error]


async def _live(build: Callable[[S], Service], settings: S) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    _watch_loop(loop)
    service = build(settings)
    ready = asyncio.Event()
    add_health(service.app, _checks(service, ready))
    server = HttpServer(service.app, settings)
    try:
        async with asyncio.TaskGroup() as group:
            http = group.create_task(server.run())
            group.create_task(_run(service, settings, ready))
            group.create_task(_until(stop, server, http))
    except* _Stop:
        log.info("stopping")
    finally:
        await _close(service)


async def _until(stop: asyncio.Event, server: HttpServer, http: asyncio.Task[None]) -> NoReturn:
    await stop.wait()
    server.stop()
    await asyncio.wait({http})
    raise _Stop


async def _run(service: Service, settings: Settings, ready: asyncio.Event) -> None:
    async with asyncio.timeout(settings.startup_seconds):
        await service.bus.connect()
    if service.engine is not None:
        await _await_database(service.engine, settings.startup_seconds)
    await service.check.run()
    for step in service.prepare:
        await step()
    await service.bus.start()
    ready.set()
    log.info("ready")
    async with asyncio.TaskGroup() as group:
        group.create_task(service.bus.watch(service.check.run))
        for task in service.tasks:
            group.create_task(_running(task))


async def _running(task: Callable[[], Awaitable[None]]) -> None:
    await task()


async def _await_database(engine: AsyncEngine, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while True:
            try:
                await db.refuse_superuser(engine)
            except db.UNAVAILABLE as error:
                if "password" in str(error):
                    msg = f"the database refuses this role: {error}"
                    raise StartupError(msg.splitlines()[0]) from error
                log.info("waiting for the database")
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return


async def _close(service: Service) -> None:
    for step in service.closing:
        try:
            await step()
        except Exception as error:  # noqa: BLE001 - going down anyway; say it and go on
            log.warning("a closing step failed", error=repr(error))
    try:
        async with asyncio.timeout(30):
            await service.bus.stop()
    except Exception as error:  # noqa: BLE001 - going down anyway; say it and go on
        log.warning("the broker connection did not close cleanly", error=repr(error))
    if service.engine is not None:
        await service.engine.dispose()


def _checks(service: Service, ready: asyncio.Event) -> Checks:
    async def started() -> str | None:
        return None if ready.is_set() else "starting"

    async def broker() -> str | None:
        return None if service.bus.connected else "not connected to the broker"

    checks: Checks = {"started": started, "broker": broker}
    engine = service.engine
    if engine is not None:

        async def database() -> str | None:
            async with engine.connect() as connection:
                await connection.execute(text("select 1"))
            return None

        checks["database"] = database
    return checks


def _watch_loop(loop: asyncio.AbstractEventLoop) -> None:
    """End the process when its event loop stands still: health answers would stop, too."""

    def watch() -> None:
        while True:
            beat = threading.Event()
            try:
                loop.call_soon_threadsafe(beat.set)
            except RuntimeError:
                return  # the loop is closed: the process is on its way out
            if not beat.wait(_STUCK_SECONDS):
                faulthandler.dump_traceback(file=sys.stderr)
                os._exit(70)
            threading.Event().wait(1.0)

    threading.Thread(target=watch, name="loop-watchdog", daemon=True).start()
