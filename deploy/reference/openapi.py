"""The OpenAPI document as the gateway itself serves it."""

import json

from services.gateway.app import document


def openapi() -> str:
    """Return the document as JSON text."""
    return json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
