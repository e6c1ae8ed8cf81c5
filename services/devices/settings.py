"""What the registry is told; the only place of the registry that reads the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, NamedTuple

from cryptography.fernet import Fernet
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from shared.contracts.attendance import is_app_site
from shared.contracts.message import OwnerId, SiteId
from shared.kit.errors import StartupError
from shared.kit.settings import DatabaseSettings


class Site(NamedTuple):
    """One site, and whose it is for ever."""

    id: SiteId
    owner: OwnerId
    name: str
    zone: str


_NO_PLACE: Final = "names of this form stand for an owner's phones: name the site otherwise"


def _place(site: str) -> str:
    if is_app_site(site):
        raise ValueError(_NO_PLACE)
    return site


class _Site(BaseModel):
    id: Annotated[SiteId, AfterValidator(_place)]
    name: str
    zone: str


class _Owner(BaseModel):
    id: OwnerId
    sites: list[_Site]


class _Bootstrap(BaseModel):
    # The file holds passwords as well: an error must not quote it.
    model_config = ConfigDict(hide_input_in_errors=True)

    owners: list[_Owner]


class DevicesSettings(DatabaseSettings):
    """The settings of the registry."""

    bootstrap_file: Path = Path(".muster/bootstrap.json")
    """JSON that names the owners and their sites."""
    secret_key_file: Path = Path(".muster/secrets/devices.key")
    """The Fernet key under which comm keys and owners' data keys lie in the database."""

    def sites(self) -> tuple[Site, ...]:
        """Return the sites of the bootstrap file; raise StartupError when it does not read."""
        try:
            found = _Bootstrap.model_validate_json(self.bootstrap_file.read_bytes())
        except (OSError, ValidationError) as error:
            msg = f"the bootstrap file {self.bootstrap_file} cannot be used: {error}"
            raise StartupError(msg) from error
        return tuple(
            Site(site.id, owner.id, site.name, site.zone)
            for owner in found.owners
            for site in owner.sites
        )

    def seal(self) -> Fernet:
        """Return what seals comm keys and data keys; raise StartupError when the file has none."""
        try:
            return Fernet(self.secret_key_file.read_bytes().strip())
        except (OSError, ValueError) as error:
            msg = f"{self.secret_key_file} must hold the Fernet key that seals secrets: {error}"
            raise StartupError(msg) from error
