"""The OpenAPI document as the gateway itself serves it."""

import json
import tempfile
from pathlib import Path

from deploy.nats import keys
from services.gateway.app import build
from services.gateway.routes.documents import describe
from services.gateway.settings import GatewaySettings


def openapi() -> str:
    """Return the document as JSON text; the gateway is put together but never started."""
    with tempfile.TemporaryDirectory() as directory:
        password = Path(directory) / "password"
        password.write_text("never used", encoding="utf-8")
        seed = Path(directory) / "seed"
        keys.public_key(seed)  # makes it
        settings = GatewaySettings(nats_seed_file=seed, database_password_file=password)
        document = describe(build(settings).app)
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
