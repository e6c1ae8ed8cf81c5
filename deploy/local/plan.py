"""The processes of muster on one machine: commands, environments, ports. Starts nothing."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.local.ports import LOOPBACK, Listening
from deploy.local.process import Process
from deploy.local.settings import port_setting
from deploy.nats.accounts import PROVISIONER
from deploy.postgres.roles import DATABASE, roles_of
from shared.contracts.catalog import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from deploy.local.layout import Layout
    from deploy.local.settings import LocalSettings


@dataclass(frozen=True)
class Plan:
    """What the processes need to know; ``base`` is the environment they all inherit."""

    layout: Layout
    settings: LocalSettings
    bootstrap: Path
    owners_by_site: Mapping[str, str]
    base: Mapping[str, str]
    forwarding: Mapping[str, str]
    demo: bool

    @property
    def nats_url(self) -> str:
        """Where the broker listens."""
        return f"nats://{LOOPBACK}:{self.settings.port_nats}"

    @property
    def gateway(self) -> str:
        """Where the API answers."""
        return f"http://{LOOPBACK}:{self.settings.port_gateway}"

    def provisioner(self) -> Process:
        """Return the process that makes and keeps the streams."""
        sites = ",".join(f'"{site}"' for site in self.owners_by_site)
        env = {"MUSTER_SITES": f"[{sites}]"}
        return self._process(
            PROVISIONER, "deploy.nats", self.settings.port_provisioner, env, layer=1
        )

    def services(self) -> tuple[Process, ...]:
        """Return the five services and one agent a site."""
        particular: dict[str, dict[str, str]] = {
            "auth": {
                "MUSTER_BOOTSTRAP_FILE": str(self.bootstrap),
                "MUSTER_SIGNING_KEY_FILE": str(self.layout.signing_key),
                "MUSTER_DEMO": "true" if self.demo else "false",
            },
            "devices": {
                "MUSTER_BOOTSTRAP_FILE": str(self.bootstrap),
                "MUSTER_SECRET_KEY_FILE": str(self.layout.device_key),
            },
            "gateway": {"MUSTER_DEMO": "true" if self.demo else "false"},
            "forwarder": dict(self.forwarding),
        }
        services = (
            self._process(
                name,
                f"services.{name}",
                self.ports()[name],
                {**self._database(name), **particular.get(name, {})},
            )
            for name in SERVICES
        )
        agents = (
            self._process(
                f"agent-{site}",
                "services.devices.agent",
                self.ports()[f"agent-{site}"],
                {
                    "MUSTER_SITE": site,
                    "MUSTER_AGENT": f"{site}-1",
                    "MUSTER_TIMMY_PORT": str(port),
                },
            )
            for site, port in self._dial_in_ports().items()
        )
        return (*services, *agents)

    def ports(self) -> dict[str, int]:
        """Return the port of each service and agent by its process's name."""
        ports: dict[str, int] = {name: getattr(self.settings, f"port_{name}") for name in SERVICES}
        for number, site in enumerate(self.owners_by_site):
            ports[f"agent-{site}"] = self.settings.port_agent + number
        return ports

    def _dial_in_ports(self) -> dict[str, int]:
        """Return where the terminals of each site dial in."""
        first = self.settings.port_timmy
        return {site: first + number for number, site in enumerate(self.owners_by_site)}

    def listening(self) -> Iterator[Listening]:
        """Return every port that must be free."""
        for name in ("nats", "postgres", PROVISIONER):
            yield Listening(port_setting(name), getattr(self.settings, f"port_{name}"))
        for name, port in self.ports().items():
            yield Listening(port_setting(name.partition("-")[0]), port)
        for port in self._dial_in_ports().values():
            yield Listening(port_setting("timmy"), port)

    def _database(self, schema: str) -> dict[str, str]:
        role = roles_of(schema).runtime
        return {
            "MUSTER_DATABASE_URL": self.database_url(role),
            "MUSTER_DATABASE_PASSWORD_FILE": str(self.layout.password(role)),
        }

    def database_url(self, role: str) -> str:
        """Return the URL of the database for a role, without its password."""
        return f"postgresql+psycopg://{role}@{LOOPBACK}:{self.settings.port_postgres}/{DATABASE}"

    def _process(
        self, name: str, module: str, port: int, env: Mapping[str, str], layer: int = 2
    ) -> Process:
        return Process(
            name=name,
            command=(sys.executable, "-m", module),
            env={
                **self.base,
                "MUSTER_DATA_DIR": str(self.layout.root / "data" / name),
                "MUSTER_NATS_URL": self.nats_url,
                "MUSTER_NATS_SEED_FILE": str(self.layout.seed(name)),
                "MUSTER_HTTP_HOST": LOOPBACK,
                "MUSTER_HTTP_PORT": str(port),
                "MUSTER_TRACE_FILE": str(self.layout.traces / f"{name}.jsonl"),
                **env,
            },
            ready=f"http://{LOOPBACK}:{port}/readyz",
            layer=layer,
        )
