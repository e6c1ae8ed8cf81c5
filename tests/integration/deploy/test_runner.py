"""What the runner says to a person who starts it where it cannot run, and the demo's receiver."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import sys
from pathlib import Path

import httpx
import pytest

from deploy.local import installation
from deploy.local.layout import Layout
from deploy.local.lock import LockedError, hold
from deploy.local.plan import Plan
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.receiver import build
from deploy.local.settings import LocalSettings, inherited
from shared.kit.clock import SystemClock

ROOT = Path(__file__).resolve().parents[3]
PORTS = tuple(name.upper() for name in LocalSettings.model_fields if name.startswith("port_"))


async def runner(directory: Path, **ports: int) -> tuple[int, str]:
    """Run until it gives up; return its exit status and what it said."""
    env = {**inherited(), "MUSTER_DATA_DIR": str(directory)}
    for name in PORTS:
        env[f"MUSTER_{name}"] = str(ports.get(name, free_port()))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deploy.local", "run"),
        cwd=ROOT,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(30):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_a_second_runner_is_refused(tmp_path: Path) -> None:
    with hold(Layout(tmp_path).lock):
        status, said = await runner(tmp_path)
    assert status == 1
    assert f"another runner (process {os.getpid()}) uses {tmp_path}" in said
    assert "MUSTER_DATA_DIR" in said


def test_a_lock_is_free_again(tmp_path: Path) -> None:
    with hold(tmp_path / "lock"), pytest.raises(LockedError), hold(tmp_path / "lock"):
        pass
    with hold(tmp_path / "lock"):
        pass


async def test_a_taken_port_is_named_with_its_setting_and_holder(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        status, said = await runner(tmp_path, PORT_AUTH=port)
    assert status == 1
    assert f"port {port} is taken" in said
    assert f"(process {os.getpid()})" in said
    assert "MUSTER_PORT_AUTH" in said


async def test_a_bad_bootstrap_file_is_explained_without_its_passwords(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bootstrap.json"
    file.write_text('{"owners": [{"id": "short", "password": "hush"}]}')
    monkeypatch.setenv("MUSTER_BOOTSTRAP_FILE", str(file))
    status, said = await runner(tmp_path)
    assert status == 1
    assert str(file) in said
    assert "hush" not in said


def a_plan(directory: Path, *, demo: bool) -> Plan:
    layout = Layout(directory)
    bootstrap = layout.bootstrap("demo")
    installation.ensure_demo(bootstrap)
    return Plan(
        layout=layout,
        settings=LocalSettings(),
        bootstrap=bootstrap,
        owners_by_site=installation.owners_by_site(bootstrap),
        base={"PATH": "/usr/bin"},
        forwarding={"FORWARD_LOG_TOKEN": "hush"},
        demo=demo,
    )


def test_only_the_forwarder_is_told_the_token_and_nobody_in_its_command(tmp_path: Path) -> None:
    for process in a_plan(tmp_path, demo=True).services():
        assert ("hush" in process.env.values()) == (process.name == "forwarder")
        assert "hush" not in " ".join(process.command)


def test_example_credentials_are_for_the_demo_only(tmp_path: Path) -> None:
    for demo in (True, False):
        env = {each.name: each.env for each in a_plan(tmp_path, demo=demo).services()}
        assert env["auth"]["MUSTER_DEMO"] == ("true" if demo else "false")
    own = tmp_path / "own.json"
    installation.ensure_own(own)
    assert installation.DEMO_PASSWORD not in own.read_text()
    assert stat.S_IMODE(own.stat().st_mode) == 0o600


async def test_the_receiver_keeps_what_it_promises_and_nobody_elses(tmp_path: Path) -> None:
    log = tmp_path / "receiver.jsonl"
    transport = httpx.ASGITransport(build(log, "right", SystemClock()))
    async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
        wrong = await client.post("/punches", json={}, headers={"authorization": "Bearer wrong"})
        assert wrong.status_code == 401
        assert log.read_bytes() == b""
        body = {"sn": "A", "record": []}
        right = await client.post("/punches", json=body, headers={"authorization": "Bearer right"})
    assert right.json() == {"success": True, "forwarded": True}
    (line,) = map(json.loads, log.read_text().splitlines())
    assert (line["path"], line["body"]) == ("/punches", body)
    assert line["headers"]["authorization"] == "Bearer right"
    assert line["received_at"].endswith("Z")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
