"""The demo's webhook receiver: python -m deploy.local.receiver --help.

It keeps every request, as it came, and only then says yes: an answer is a promise.
"""

from __future__ import annotations

import argparse
import hmac
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploy.local.ports import LOOPBACK
from shared.kit.clock import SystemClock, iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from shared.kit.clock import Clock


class Receiver:
    """Appends requests to a file; who does not know the token is told so, and kept out of it."""

    def __init__(self, log: Path, token: str, clock: Clock) -> None:
        # Headers hold the token, so nobody else may read the file.
        self._file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._expected = f"Bearer {token}"
        self._clock = clock

    async def receive(self, request: Request) -> Response:
        """Keep one request on the disk and say yes."""
        shown = request.headers.get("authorization", "")
        if not hmac.compare_digest(shown.encode(), self._expected.encode()):
            return JSONResponse({"success": False, "message": "wrong token"}, 401)
        line = {
            "received_at": iso(self._clock.now()),
            "path": request.url.path,
            "headers": dict(request.headers),
            "body": _parsed(await request.body()),
        }
        os.write(self._file, json.dumps(line).encode() + b"\n")
        os.fsync(self._file)
        return JSONResponse({"success": True, "forwarded": True})


def build(log: Path, token: str, clock: Clock) -> Starlette:
    """Return the application: POST anywhere is received, GET /healthz answers."""
    receiver = Receiver(log, token, clock)

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/{path:path}", receiver.receive, methods=["POST"]),
        ]
    )


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def main(arguments: Sequence[str] | None = None) -> None:
    """Receive until told to stop."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.local.receiver",
        description="A webhook receiver that appends every request to a file, a JSON line each.",
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", type=Path, required=True, help="appended to")
    parser.add_argument("--token-file", type=Path, required=True, help="holds the bearer token")
    options = parser.parse_args(arguments)
    token = options.token_file.read_text().strip()
    app = build(options.log, token, SystemClock())
    uvicorn.run(app, host=LOOPBACK, port=options.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
