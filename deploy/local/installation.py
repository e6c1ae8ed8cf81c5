"""Who this installation is for: its owners, their first administrators and their sites."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from deploy import secretfile
from shared.contracts.message import OwnerId, SiteId

if TYPE_CHECKING:
    from pathlib import Path

ZONE: Final = "Asia/Jakarta"
DEMO_EMAIL: Final = "admin@timmy.local"
DEMO_PASSWORD: Final = "admin123"  # noqa: S105 - the documents' example; auth takes it in the demo only
_EMAIL: Final = "admin@muster.local"
_OWNER: Final = "6d7573746572000000000001"


class BootstrapError(Exception):
    """The bootstrap file cannot be used; the sentence says why."""


class _Site(BaseModel):
    id: SiteId


class _Owner(BaseModel):
    id: OwnerId
    sites: list[_Site]


class _Bootstrap(BaseModel):
    # The file holds passwords as well: an error must not quote it.
    model_config = ConfigDict(hide_input_in_errors=True)

    owners: list[_Owner]


def owners_by_site(path: Path) -> dict[str, str]:
    """Return whose each site is; raise BootstrapError when the file does not say."""
    try:
        found = _Bootstrap.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        msg = f"the bootstrap file {path} cannot be used: {error}"
        raise BootstrapError(msg) from error
    sites = {site.id: owner.id for owner in found.owners for site in owner.sites}
    if not sites:
        msg = f"the bootstrap file {path} names no site: add one to an owner's sites"
        raise BootstrapError(msg)
    return sites


def ensure_own(path: Path) -> None:
    """Make a bootstrap file with one owner and a new administrator's password, unless there."""
    secretfile.ensure(path, lambda: _content(_EMAIL, secrets.token_urlsafe(12)))


def ensure_demo(path: Path) -> None:
    """Make the demo's bootstrap file, with the documents' example credentials, unless there."""
    secretfile.ensure(path, lambda: _content(DEMO_EMAIL, DEMO_PASSWORD))


def _content(email: str, password: str) -> bytes:
    owner: dict[str, Any] = {
        "id": _OWNER,
        "name": "muster",
        "admin": {"username": "admin", "email": email, "password": password},
        "sites": [{"id": "hq", "name": "Headquarters", "zone": ZONE}],
    }
    return json.dumps({"owners": [owner]}, indent=2).encode()
