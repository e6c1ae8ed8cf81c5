"""Brings all of muster up on this machine, keeps it up, and takes it down again."""

from __future__ import annotations

import asyncio
import shutil
import signal
from typing import TYPE_CHECKING, NoReturn

from sqlalchemy import make_url

from deploy.local import credentials, nats, postgres
from deploy.local.ports import LOOPBACK
from deploy.local.supervisor import Supervisor
from deploy.nats import config
from deploy.postgres import roles
from shared.contracts.streams import MIB
from shared.kit.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from deploy.local.plan import Plan
    from deploy.local.process import Process
    from deploy.local.screen import Screen
    from shared.kit.clock import Clock


class _Stop(Exception):  # noqa: N818 - not an error: the way out of the task group
    pass


class Runner:
    """One run of a plan, besides ``world``: processes outside muster that it is shown with."""

    def __init__(
        self, plan: Plan, screen: Screen, clock: Clock, world: tuple[Process, ...] = ()
    ) -> None:
        self._plan = plan
        self._screen = screen
        self._clock = clock
        self._world = world

    async def run(self, when_up: Callable[[], Awaitable[None]]) -> None:
        """Run until SIGINT or SIGTERM; ``when_up`` is awaited once every process is ready."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        group, layout = asyncio.TaskGroup(), self._plan.layout
        supervisor = Supervisor(group, layout.logs, layout.run, self._screen, self._clock)
        try:
            async with group:
                group.create_task(_until(stop))
                await self._bring_up(supervisor)
                await when_up()
        except* _Stop:
            self._screen.step("stopping")
        finally:
            await supervisor.stop()
            self._screen.step("stopped")

    async def _bring_up(self, supervisor: Supervisor) -> None:
        layout, settings = self._plan.layout, self._plan.settings
        self._look_at_disk()
        credentials.make_keys(layout)
        nats.prepare(layout, tuple(self._plan.owners_by_site), settings.port_nats)
        passwords = credentials.passwords(layout)
        broker = nats.process(layout, settings.port_nats)
        async with asyncio.TaskGroup() as group:
            group.create_task(supervisor.start(broker, self._plan.provisioner(), *self._world))
            await asyncio.to_thread(postgres.prepare, layout, settings.port_postgres)
            await supervisor.start(postgres.process(layout, settings.port_postgres))
            # They take long to load, and wait by themselves until they are let in.
            group.create_task(supervisor.start(*self._plan.services()))
            await asyncio.to_thread(self._fill, passwords)
            self._screen.step("roles, schemas and tables are there")

    def _look_at_disk(self) -> None:
        needed = config.store_bytes(tuple(self._plan.owners_by_site))
        free = shutil.disk_usage(self._plan.layout.root).free
        if free < needed:
            self._screen.warn(
                f"{free // MIB} MiB are free at {self._plan.layout.root}, the broker may come to"
                f" need {needed // MIB}: on a full disk it stops until it is started again"
            )

    def _fill(self, passwords: Mapping[str, str]) -> None:
        port = self._plan.settings.port_postgres
        roles.provision(LOOPBACK, port, passwords)
        self._migrate(passwords)
        postgres.admit(self._plan.layout, port)

    def _migrate(self, passwords: Mapping[str, str]) -> None:
        for schema in roles.SCHEMAS:
            owner = roles.roles_of(schema).owner
            migrate(schema, make_url(self._plan.database_url(owner)).set(password=passwords[owner]))


async def _until(stop: asyncio.Event) -> NoReturn:
    await stop.wait()
    raise _Stop
