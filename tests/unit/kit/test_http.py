"""What anybody may read of a process's health."""

from __future__ import annotations

import httpx
from fastapi import FastAPI

from shared.kit.http import add_health


async def test_readiness_names_the_failure_and_quotes_nothing() -> None:
    async def database() -> str | None:
        msg = "role muster_gateway at 10.0.0.7 refused"
        raise ConnectionError(msg)

    async def broker() -> str | None:
        return "not connected to the broker"

    app = FastAPI(openapi_url=None)
    add_health(app, {"database": database, "broker": broker})
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        answer = await http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {
        "database": "ConnectionError",
        "broker": "not connected to the broker",
    }
