"""What the forwarder is told; the only place of it that reads the environment."""

from typing import Annotated

from pydantic import AfterValidator, AnyHttpUrl, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.kit.settings import DatabaseSettings


def _fits_a_header(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if not (text.isascii() and text.isprintable() and " " not in text):
        msg = "FORWARD_LOG_TOKEN must be printable ASCII without blanks"
        raise ValueError(msg)
    return token


class ForwarderSettings(DatabaseSettings):
    """The settings of the forwarder; those of its target may stand in ``.env`` as well."""

    model_config = SettingsConfigDict(
        env_prefix="MUSTER_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        # What is wrong with a secret must not show the secret.
        hide_input_in_errors=True,
    )

    forward_log_url: Annotated[AnyHttpUrl | None, Field(validation_alias="FORWARD_LOG_URL")] = None
    """Where punches of devices are POSTed; unset, nothing is forwarded."""
    forward_log_token: Annotated[
        Annotated[SecretStr, AfterValidator(_fits_a_header)] | None,
        Field(validation_alias="FORWARD_LOG_TOKEN"),
    ] = None
    """Sent as the bearer token, and the key of each delivery's signature."""
