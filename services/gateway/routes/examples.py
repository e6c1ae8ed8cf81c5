"""How a model shows what it looks like in the OpenAPI document; e-mails are made up."""

from typing import Any

from pydantic import BaseModel, ConfigDict


def example(**fields: Any) -> ConfigDict:
    """Return the setting of a model that gives it an example."""
    return ConfigDict(json_schema_extra={"example": fields})


def example_of(model: type[BaseModel]) -> Any:
    """Return a model's example, empty when it has none."""
    extra = model.model_config.get("json_schema_extra")
    return extra.get("example", {}) if isinstance(extra, dict) else {}
