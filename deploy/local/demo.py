"""The demo: simulated terminals and a webhook receiver around muster, and a guide to all of it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import httpx

from deploy import secretfile
from deploy.local import credentials, terminals
from deploy.local.installation import DEMO_EMAIL, DEMO_PASSWORD
from deploy.local.ports import LOOPBACK, Listening
from deploy.local.process import Process
from deploy.local.settings import port_setting
from deploy.nats.accounts import inbox
from shared.contracts.streams import RECORDED, subscriber_consumer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping
    from pathlib import Path

    from deploy.local.plan import Plan
    from deploy.local.screen import Screen
    from shared.kit.clock import Clock

_LIVE_SECONDS: Final = 2
_PATIENCE_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.1
_PAUSE_SECONDS: Final = 0.5
_TRIES: Final = 20
_LATER: Final = {503, 504}
"""A part of muster, or the terminal, may be a moment behind the others."""


class DemoError(Exception):
    """The demo could not be set up; the sentence says what was refused."""


class Demo:
    """What the demo adds to a plan."""

    def __init__(self, plan: Plan, screen: Screen, clock: Clock) -> None:
        self._plan = plan
        self._screen = screen
        self._clock = clock
        self._layout = plan.layout
        self._fleet_control = f"http://{LOOPBACK}:{plan.settings.port_fleet}"
        self._specs = terminals.specs(plan.settings)

    def forwarding(self) -> dict[str, str]:
        """Return the forwarder's target: the receiver, and the token it demands."""
        token = secretfile.ensure(self._layout.forward_token, credentials.new_token)
        return {
            "FORWARD_LOG_URL": f"http://{LOOPBACK}:{self._plan.settings.port_receiver}/punches",
            "FORWARD_LOG_TOKEN": token.decode(),
        }

    def listening(self) -> Iterator[Listening]:
        """Return every port that must be free besides muster's own."""
        settings = self._plan.settings
        yield Listening(port_setting("fleet"), settings.port_fleet)
        yield Listening(port_setting("receiver"), settings.port_receiver)
        for spec in self._specs:
            if "host" in spec:
                yield Listening(port_setting("terminal"), spec["port"], spec["host"])

    def processes(self) -> tuple[Process, ...]:
        """Write down the fleet; return the processes of the world around muster."""
        self._layout.fleet.mkdir(mode=0o700, parents=True, exist_ok=True)
        fleet_file = self._layout.fleet / "fleet.json"
        fleet_file.write_text(json.dumps(self._specs, indent=2))
        settings = self._plan.settings
        fleet = (
            *("--state-dir", str(self._layout.fleet), "--fleet", str(fleet_file)),
            *("--control", f"{LOOPBACK}:{settings.port_fleet}"),
            *("--live-every", str(_LIVE_SECONDS), "--seed", "1"),
        )
        receiver = (
            *("--port", str(settings.port_receiver), "--log", str(self._layout.receiver_log)),
            *("--token-file", str(self._layout.forward_token)),
        )
        return (
            self._process(
                "fleet", "services.devices.simulators", fleet, f"{self._fleet_control}/devices"
            ),
            self._process(
                "receiver",
                "deploy.local.receiver",
                receiver,
                f"http://{LOOPBACK}:{settings.port_receiver}/healthz",
            ),
        )

    def _process(self, name: str, module: str, options: tuple[str, ...], ready: str) -> Process:
        command = (sys.executable, "-m", module, *options)
        return Process(name=name, command=command, env=self._plan.base, ready=ready, layer=1)

    async def when_up(self) -> None:
        """Register the terminals, see the first live punch arrive, say where everything is."""
        async with httpx.AsyncClient(timeout=20.0, trust_env=False) as client:
            token = await self._log_in(client)
            await asyncio.gather(*(self._register(client, token, spec) for spec in self._specs))
            self._screen.step(f"{len(self._specs)} terminals registered")
            await self._employ(client, token)
            await self._await_live_punch()
        guide = json.dumps(self._guide(), indent=2).encode()
        self._layout.demo.unlink(missing_ok=True)
        secretfile.ensure(self._layout.demo, lambda: guide)
        self._screen.panel("muster demo", self._places())

    async def _log_in(self, client: httpx.AsyncClient) -> str:
        answer = await client.post(
            f"{self._plan.gateway}/api/v1/auth/login",
            json={"email": DEMO_EMAIL, "password": DEMO_PASSWORD},
        )
        if not answer.is_success:
            msg = f"cannot log in as {DEMO_EMAIL}: {answer.text[:300]}"
            raise DemoError(msg)
        token: str = answer.json()["data"]["access_token"]
        return token

    async def _register(
        self, client: httpx.AsyncClient, token: str, spec: Mapping[str, Any]
    ) -> None:
        body = terminals.registration(spec)
        await self._make(client, token, "/api/v1/devices", body, f"register {spec['serial']}")

    async def _employ(self, client: httpx.AsyncClient, token: str) -> None:
        await self._make(client, token, "/api/employees", terminals.EMPLOYEE, "add the employee")

    async def _make(
        self, client: httpx.AsyncClient, token: str, path: str, body: Mapping[str, Any], what: str
    ) -> None:
        headers = {"authorization": f"Bearer {token}"}
        answer = await _post_patiently(client, f"{self._plan.gateway}{path}", body, headers)
        # Conflict: it is there since an earlier start.
        if not answer.is_success and answer.status_code != httpx.codes.CONFLICT:
            msg = f"cannot {what}: {answer.text[:300]}"
            raise DemoError(msg)

    async def _await_live_punch(self) -> None:
        """Wait until a punch that somebody makes from now on is in the receiver's log."""
        since = self._clock.now()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                async for line in _lines(self._layout.receiver_log):
                    if _is_live(line, since):
                        self._screen.step("first live punch arrived at the receiver")
                        return
        except TimeoutError:
            self._screen.warn(f"no live punch at the receiver in {_PATIENCE_SECONDS:.0f} s")

    def _guide(self) -> dict[str, Any]:
        site = next(iter(self._plan.owners_by_site))
        cursor = subscriber_consumer(site)
        seed_file = self._layout.seed(cursor.durable)
        return {
            "gateway": self._plan.gateway,
            "admin_email": DEMO_EMAIL,
            "admin_password": DEMO_PASSWORD,
            "employee": {key: terminals.EMPLOYEE[key] for key in ("username", "password")},
            "devices": [terminals.shown(spec) for spec in self._specs],
            "fleet_control": self._fleet_control,
            "nats_url": self._plan.nats_url,
            "subscriber": {
                "user": cursor.durable,
                "nkey_seed": seed_file.read_text(),
                "nkey_seed_file": str(seed_file),
                "stream": RECORDED.name,
                "consumer": cursor.durable,
                "inbox_prefix": inbox(cursor.durable),
            },
            "receiver_log": str(self._layout.receiver_log),
        }

    def _places(self) -> dict[str, str]:
        return {
            "API": f"{self._plan.gateway}/api/v1 and /api",
            "Log in as": f"{DEMO_EMAIL}, {DEMO_PASSWORD}",
            "Employee": ", ".join(terminals.EMPLOYEE[key] for key in ("username", "password")),
            "Terminals": self._fleet_control,
            "What the webhook got": str(self._layout.receiver_log),
            "Events": f"{self._plan.nats_url} (credentials in {self._layout.demo})",
            "Logs": str(self._layout.logs),
            "Stop": "Ctrl-C",
        }


async def _post_patiently(
    client: httpx.AsyncClient, url: str, body: Mapping[str, Any], headers: Mapping[str, str]
) -> httpx.Response:
    answer = await client.post(url, json=body, headers=headers)
    for _ in range(_TRIES):
        if answer.status_code not in _LATER:
            break
        await asyncio.sleep(_PAUSE_SECONDS)
        answer = await client.post(url, json=body, headers=headers)
    return answer


async def _lines(path: Path) -> AsyncIterator[bytes]:
    """Yield the whole lines of a file, those to come as well."""
    with path.open("rb") as file:
        while True:
            line = file.readline()
            if line.endswith(b"\n"):
                yield line
            else:
                file.seek(-len(line), os.SEEK_CUR)
                await asyncio.sleep(_POLL_SECONDS)


def _is_live(line: bytes, since: datetime) -> bool:
    """Whether a line of the receiver's log is a delivery with a punch made since then."""
    return any(
        datetime.fromisoformat(record["time"]) >= since
        for record in json.loads(line)["body"]["record"]
    )
