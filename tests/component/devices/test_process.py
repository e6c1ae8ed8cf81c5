"""The registry as a process: up when all is well, and refusing when it is not."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

from cryptography.fernet import Fernet

from tests.component.devices.conftest import settings_of
from tests.conftest import ROOT, Platform

SECONDS = 30.0


async def start(platform: Platform, directory: Path) -> Process:
    settings = settings_of(platform, directory)
    names = (
        *("nats_url", "nats_seed_file", "database_url", "database_password_file"),
        *("bootstrap_file", "secret_key_file"),
    )
    told = {f"MUSTER_{name.upper()}": str(getattr(settings, name)) for name in names}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.devices"),
        cwd=ROOT,
        env={**os.environ, **told},  # noqa: TID251 - the child needs this one's path and home
        stdout=DEVNULL,
        stderr=PIPE,
    )


async def heard(process: Process, event: str) -> dict[str, str]:
    """The first line of the log that says this."""
    assert process.stderr is not None
    lines: list[str] = []
    async with asyncio.timeout(SECONDS):
        async for line in process.stderr:
            lines.append(line.decode())
            said: dict[str, str] = json.loads(line)
            if said["event"] == event:
                return said
    raise AssertionError("".join(lines))


async def test_it_comes_up_and_goes_down_in_order(clean: Platform, tmp_path: Path) -> None:
    process = await start(clean, tmp_path)
    await heard(process, "ready")
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), SECONDS) == 0


async def test_it_refuses_a_key_that_seals_nothing(clean: Platform, tmp_path: Path) -> None:
    (tmp_path / "devices.key").write_bytes(Fernet.generate_key()[:-3])
    process = await start(clean, tmp_path)
    said = await heard(process, "refusing to run")
    assert "devices.key" in said["reason"]
    assert await asyncio.wait_for(process.wait(), SECONDS) == 78
