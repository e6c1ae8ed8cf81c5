"""HTTP for every process: health answers, and a server that lives in the service's task group."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from fastapi import FastAPI, Response
from typing_extensions import override

from shared.kit.logging import get_logger
from shared.kit.settings import Settings

log = get_logger(__name__)
Checks = dict[str, Callable[[], Awaitable[str | None]]]
"""Each check returns None when all is well, else a sentence."""


def add_health(app: FastAPI, checks: Checks) -> None:
    """Add /healthz (the process lives) and /readyz (it can do its work, or why it cannot)."""

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", include_in_schema=False)
    async def readyz(response: Response) -> dict[str, Any]:
        found = {name: await _bounded(name, check) for name, check in checks.items()}
        ready = all(problem is None for problem in found.values())
        response.status_code = 200 if ready else 503
        return {
            "status": "ready" if ready else "not ready",
            "checks": {name: problem or "ok" for name, problem in found.items()},
        }


async def _bounded(name: str, check: Callable[[], Awaitable[str | None]]) -> str | None:
    try:
        async with asyncio.timeout(2.0):
            return await check()
    except Exception as error:  # noqa: BLE001 - whatever fails here is the answer
        # Anybody may read the answer: hosts, roles and statements are for the log.
        log.warning("not ready", check=name, error=repr(error)[:300])
        return type(error).__name__


class _Server(uvicorn.Server):
    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        # The service's own life cycle hears the signals.
        yield


class HttpServer:
    """Serves one application until told to stop."""

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        self._server = _Server(
            uvicorn.Config(
                app,
                host=settings.http_host,
                port=settings.http_port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=10,
                lifespan="off",
            )
        )

    async def run(self) -> None:
        """Serve until ``stop``."""
        await self._server.serve()

    def stop(self) -> None:
        """Take no more requests; ``run`` returns when the running ones are answered."""
        self._server.should_exit = True
