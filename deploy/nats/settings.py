"""What the provisioner is told: the only place of this package that reads the environment."""

from typing import Annotated

from pydantic import Field

from shared.contracts.message import SiteId
from shared.kit.settings import Settings


class ProvisionerSettings(Settings):
    """``MUSTER_SITES`` is a JSON list, for example ["hq"]."""

    sites: Annotated[tuple[SiteId, ...], Field(min_length=1)]
