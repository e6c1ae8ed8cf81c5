"""The configuration of nats-server: JSON, which its own format is a superset of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from deploy.nats.accounts import streams_of, users_of
from shared.contracts.streams import JSZ_SUBJECT, MIB

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from deploy.nats.accounts import User

_JSZ: Final = "$SYS.REQ.SERVER.PING.JSZ"


def store_bytes(sites: Sequence[str]) -> int:
    """Return what all streams may fill together, so that a full store is refused, not a disk."""
    return sum(spec.max_bytes for spec in streams_of(sites)) + 64 * MIB


def render(
    sites: Sequence[str], public_keys: Mapping[str, str], *, host: str, port: int, store: Path
) -> str:
    """Return the configuration file's text; ``public_keys`` are by user name."""
    users = users_of(sites)
    accounts: dict[str, Any] = {
        "SYS": {"exports": [{"service": _JSZ, "response_type": "stream", "accounts": ["APP"]}]},
        "APP": {
            "jetstream": "enabled",
            "imports": [{"service": {"account": "SYS", "subject": _JSZ}, "to": JSZ_SUBJECT}],
            "exports": [],
            "users": [],
        },
    }
    for user in users:
        account = accounts.setdefault(user.account, {"imports": [], "users": []})
        account["users"].append(_user(user, public_keys[user.name]))
        if user.account != "APP":
            _lend(accounts["APP"], account, user)
    return json.dumps({**_server(host, port, store, sites), "accounts": accounts}, indent=2)


def _server(host: str, port: int, store: Path, sites: Sequence[str]) -> dict[str, Any]:
    return {
        "host": host,
        "port": port,
        "server_name": "muster",
        "system_account": "SYS",
        # Photos of people travel to the registry and to attendance as one message.
        "max_payload": 4 * MIB,
        # A client that vanished is noticed within 15 s.
        "ping_interval": "5s",
        "ping_max": 2,
        # Several processes starting on a small machine may take long to sign.
        "authorization": {"timeout": 10},
        "jetstream": {
            "store_dir": str(store),
            # At the default a power cut takes two minutes of what was acknowledged.
            "sync_interval": "always",
            "max_file_store": store_bytes(sites),
            "max_memory_store": 0,
        },
    }


def _user(user: User, public_key: str) -> dict[str, Any]:
    return {
        "nkey": public_key,
        "permissions": {"publish": list(user.publish), "subscribe": list(user.subscribe)},
    }


def _lend(ours: dict[str, Any], theirs: dict[str, Any], user: User) -> None:
    """Lend a user of another account what it may say in ours, and nothing else of ours."""
    for subject in user.publish:
        ours["exports"].append(
            {"service": subject, "response_type": "stream", "accounts": [user.account]}
        )
        theirs["imports"].append({"service": {"account": "APP", "subject": subject}})
