"""What the forwarder is told; the only place of it that reads the environment."""

from typing import Annotated, Final, NamedTuple

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.kit.settings import DatabaseSettings

LOG: Final = "log"
FINGERPRINT: Final = "fingerprint"


class Target(NamedTuple):
    """Where deliveries go; its name is part of their place in line."""

    name: str
    url: AnyHttpUrl
    token: str
    """Empty: none."""


def _fits_a_header(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if not (text.isascii() and text.isprintable() and " " not in text):
        msg = "must be printable ASCII without blanks"
        raise ValueError(msg)
    return token


_Token = Annotated[SecretStr, AfterValidator(_fits_a_header)]


class ForwarderSettings(DatabaseSettings):
    """The settings of the forwarder; those of its targets may stand in ``.env`` as well."""

    model_config = SettingsConfigDict(
        env_prefix="MUSTER_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        # What is wrong with a secret must not show the secret.
        hide_input_in_errors=True,
    )

    forward_log_url: Annotated[AnyHttpUrl | None, Field(validation_alias="FORWARD_LOG_URL")] = None
    """Where punches of devices are POSTed; unset, they are not forwarded."""
    forward_log_token: Annotated[_Token | None, Field(validation_alias="FORWARD_LOG_TOKEN")] = None
    """Sent as the bearer token, and the key of each delivery's signature."""
    forward_fingerprint_url: Annotated[
        AnyHttpUrl | None, Field(validation_alias="FORWARD_FINGERPRINT_URL")
    ] = None
    """Where punches by phone are POSTed; unset, FORWARD_LOG_URL."""
    forward_fingerprint_token: Annotated[
        _Token | None, Field(validation_alias="FORWARD_FINGERPRINT_TOKEN")
    ] = None
    """The same for punches by phone; unset, FORWARD_LOG_TOKEN."""

    @property
    def log_target(self) -> Target | None:
        """Where punches of devices go, if anywhere."""
        return _target(LOG, self.forward_log_url, self.forward_log_token)

    @property
    def phone_target(self) -> Target | None:
        """Where punches by phone go, if anywhere: a place of their own, or that of devices."""
        url, token = self.forward_fingerprint_url, self.forward_fingerprint_token
        if url is None and token is None:
            return self.log_target
        return _target(FINGERPRINT, url or self.forward_log_url, token or self.forward_log_token)


def _target(name: str, url: AnyHttpUrl | None, token: SecretStr | None) -> Target | None:
    return None if url is None else Target(name, url, token.get_secret_value() if token else "")
