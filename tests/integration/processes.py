"""Processes of muster as an operator would start them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.conftest import ROOT, Platform

USERS = {"agent": "agent-hq"}
MODULES = {"agent": "services.devices.agent"}


def environment(platform: Platform, service: str, **more: str) -> dict[str, str]:
    """What one service is told: its own broker user and its own role, nothing else."""
    running = platform.servers
    role = f"muster_{service}"
    values = {
        "PATH": os.defpath,
        "MUSTER_DATA_DIR": str(running.directory / service),
        "MUSTER_NATS_URL": running.nats_url,
        "MUSTER_NATS_SEED_FILE": str(running.seed_file(USERS.get(service, service))),
        "MUSTER_BOOTSTRAP_FILE": str(platform.bootstrap_file),
        "MUSTER_SIGNING_KEY_FILE": str(running.layout.signing_key),
        "MUSTER_SECRET_KEY_FILE": str(running.layout.device_key),
        "MUSTER_STARTUP_SECONDS": "15",
        "MUSTER_HTTP_PORT": "0",
    }
    if service != "agent":
        values["MUSTER_DATABASE_URL"] = running.database_url(role)
        values["MUSTER_DATABASE_PASSWORD_FILE"] = str(running.password_file(role))
    return {**values, **more}


@asynccontextmanager
async def started(
    service: str, env: dict[str, str]
) -> AsyncIterator[tuple[asyncio.subprocess.Process, Path]]:
    """Start one service; it is stopped at the end, whatever happened."""
    directory = Path(env["MUSTER_DATA_DIR"])
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "log"
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            MODULES.get(service, f"services.{service}"),
            cwd=ROOT,
            env=env,
            stdout=out,
            stderr=out,
        )
    try:
        yield process, log
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.wait(), 20)
