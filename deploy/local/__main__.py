"""All of muster on this machine: python -m deploy.local run, or demo."""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import psycopg

from deploy.local import installation
from deploy.local.child import NotReadyError
from deploy.local.demo import Demo, DemoError
from deploy.local.layout import Layout
from deploy.local.lock import LockedError, hold
from deploy.local.plan import Plan
from deploy.local.ports import PortTakenError, require_free
from deploy.local.postgres import PostgresError
from deploy.local.runner import Runner
from deploy.local.screen import Screen
from deploy.local.settings import LocalSettings, forwarding, inherited
from shared.kit.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.kit.clock import Clock

_EXPECTED: Final = (
    NotReadyError,
    DemoError,
    LockedError,
    PortTakenError,
    PostgresError,
    installation.BootstrapError,
    psycopg.Error,
    OSError,
)
"""What a person can do something about: a sentence is enough."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop; return 0, or 1 with a sentence when it could not be done."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.local",
        description="Run muster with an embedded broker and database. MUSTER_DATA_DIR and"
        " MUSTER_PORT_GATEWAY, _NATS, _POSTGRES and so on change where.",
    )
    parser.add_argument(
        "mode", choices=("run", "demo"), help="demo adds simulated terminals and a receiver"
    )
    mode: str = parser.parse_args(arguments).mode
    clock = SystemClock()
    screen = Screen(clock)
    failed = False
    try:
        plan = _plan(mode)
        with hold(plan.layout.lock):
            asyncio.run(_run(plan, screen, clock))
    except* _EXPECTED as group:
        failed = True
        for error in _leaves(group):
            screen.fail(str(error))
    return int(failed)


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in _leaves(each)]
    return [error]


def _plan(mode: str) -> Plan:
    settings = LocalSettings()
    layout = Layout(settings.data_dir.absolute())
    layout.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    bootstrap = settings.bootstrap_file or layout.bootstrap(mode)
    if settings.bootstrap_file is None:
        make = installation.ensure_demo if mode == "demo" else installation.ensure_own
        make(bootstrap)
    return Plan(
        layout=layout,
        settings=settings,
        bootstrap=bootstrap.absolute(),
        owners_by_site=installation.owners_by_site(bootstrap),
        base=inherited(),
        forwarding=forwarding(),
        demo=mode == "demo",
    )


async def _run(plan: Plan, screen: Screen, clock: Clock) -> None:
    plan.layout.demo.unlink(missing_ok=True)
    if not plan.demo:
        await require_free(plan.listening(), clock)
        await Runner(plan, screen, clock).run(lambda: _show(plan, screen))
        return
    demo = Demo(plan, screen, clock)
    await require_free((*plan.listening(), *demo.listening()), clock)
    plan = replace(plan, forwarding=demo.forwarding())
    await Runner(plan, screen, clock, demo.processes()).run(demo.when_up)


async def _show(plan: Plan, screen: Screen) -> None:
    screen.panel(
        "muster",
        {
            "API": f"{plan.gateway}/api/v1",
            "Administrator": f"see {plan.bootstrap}",
            "Broker": plan.nats_url,
            "Logs": str(plan.layout.logs),
            "Stop": "Ctrl-C",
        },
    )


if __name__ == "__main__":
    sys.exit(main())
