"""The outermost layer: request ids, traces, the access log, and an answer for every failure."""

import re
from contextlib import ExitStack
from typing import Final

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from services.gateway.routes.envelopes import failure
from shared.kit import telemetry
from shared.kit.clock import Clock, new_id
from shared.kit.logging import get_logger
from shared.kit.rpc import problem_of

log = get_logger(__name__)

_HEADER: Final = "X-Request-ID"
_FIT: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEALTH: Final = ("/healthz", "/readyz")


class Edge:
    """An ASGI layer around the whole application."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] in _HEALTH:
            await self._app(scope, receive, send)
            return
        # Both spellings of a path are one: a redirect would lose the body of a POST.
        scope["path"] = scope["path"].rstrip("/") or "/"
        request = Request(scope, receive)
        request.state.request_id = request_id = _request_id(request)
        request.state.received_at = self._clock.now()
        began = self._clock.monotonic()
        with ExitStack() as around:
            around.enter_context(bound_contextvars(request_id=request_id))
            span = around.enter_context(
                telemetry.span(
                    request.method,
                    telemetry.SpanKind.SERVER,
                    headers=request.headers,
                    **{"http.request.method": request.method, "url.path": request.url.path},
                )
            )
            status = await self._serve(request, send)
            route = getattr(scope.get("route"), "path", "")
            span.update_name(f"{request.method} {route}".strip())
            span.set_attribute("http.response.status_code", status)
            log.info(
                "request",
                method=request.method,
                path=request.url.path,
                status=status,
                address=request.client.host if request.client else None,
                milliseconds=round((self._clock.monotonic() - began) * 1000, 1),
            )

    async def _serve(self, request: Request, send: Send) -> int:
        status = 0

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[_HEADER] = request.state.request_id
            await send(message)

        try:
            await self._app(request.scope, request.receive, send_on)
        except Exception as error:
            if status:  # the answer has begun: there is no other one
                raise
            response = failure(request, problem_of(error))
            await response(request.scope, request.receive, send_on)
        return status


def _request_id(request: Request) -> str:
    sent = request.headers.get(_HEADER, "")
    return sent if _FIT.fullmatch(sent) else f"req-{new_id().hex}"
