"""The composition root of the gateway."""

import ipaddress
from typing import Final

from services.gateway.handlers.cache import Cache
from services.gateway.handlers.doors import Doors
from services.gateway.handlers.keys import Once
from services.gateway.routes import timmy, zkteco
from services.gateway.routes.application import application
from services.gateway.routes.envelopes import TIMMY, V1
from services.gateway.settings import GatewaySettings
from shared.contracts import streams
from shared.kit.buckets import Bucket
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock
from shared.kit.db import engine_of
from shared.kit.errors import StartupError
from shared.kit.security import TokenVerifier
from shared.kit.service import Service
from shared.kit.stream_check import StreamCheck

_HOUR: Final = 3600
_DAY: Final = 86_400


def build(settings: GatewaySettings) -> Service:
    """Put the gateway together; raise StartupError for a demo that others could reach."""
    if settings.demo and not _is_loopback(settings.http_host):
        msg = "MUSTER_DEMO=true is for loopback only: set MUSTER_HTTP_HOST=127.0.0.1"
        raise StartupError(msg)
    clock = SystemClock()
    bus = Bus("gateway", settings)
    engine = engine_of("gateway", settings)
    verifier = TokenVerifier(Bucket(bus, streams.AUTH), clock)
    buckets = (
        Bucket(bus, each) for each in (streams.CACHE, streams.VERSION, streams.PEOPLE_VERSION)
    )
    v1 = zkteco.routes(bus, Cache(bus, *buckets), Doors(bus, engine, clock))
    lives = timmy.Lives(settings.admin_token_hours * _HOUR, settings.employee_token_days * _DAY)
    api = timmy.routes(bus, Once(engine, clock), clock, lives)
    # What the gateway cannot do without; the cache it can.
    needed = [streams.of_bucket(streams.AUTH)]
    return Service(
        "gateway",
        bus,
        StreamCheck(bus, needed, seconds=settings.startup_seconds),
        engine,
        application({V1: v1, TIMMY: api}, verifier, clock),
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
