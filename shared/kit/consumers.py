"""Durable consumers that a service makes itself, because they come and go with its own data."""

import json
from typing import Any, Final

from shared.contracts.errors import Code
from shared.contracts.streams import ConsumerSpec, StreamSpec
from shared.kit.bus import Bus
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger
from shared.kit.stream_check import consumer_differences

log = get_logger(__name__)
_API_SECONDS: Final = 5.0


async def ensure(bus: Bus, stream: StreamSpec, spec: ConsumerSpec) -> None:
    """Make the consumer, or put back what differs from its spec; nothing when all is well.

    Raises SERVICE_UNAVAILABLE when the broker refuses, and what ``Bus.request`` raises.
    """
    where = f"{stream.name}.{spec.durable}"
    info = await _ask(bus, f"CONSUMER.INFO.{where}", None)
    found = info["config"] if info else {}
    wrong = consumer_differences(stream.name, spec, found)
    if not wrong:
        return
    log.info("consumer put back" if info else "consumer made", consumer=where)
    made = await _ask(
        bus,
        f"CONSUMER.CREATE.{where}.{spec.filter_subject}",
        {"stream_name": stream.name, "config": {**found, **_config(spec)}},
    )
    if made is None:
        raise MusterError(Code.SERVICE_UNAVAILABLE, f"stream {stream.name} is not there yet")


async def found(bus: Bus, stream: StreamSpec) -> dict[str, dict[str, Any]]:
    """Return the configuration of each durable of a stream; raises as ``ensure``."""
    known: dict[str, dict[str, Any]] = {}
    while True:
        offset = len(known)
        page = await _ask(bus, f"CONSUMER.LIST.{stream.name}", {"offset": offset}) or {}
        known.update((each["name"], each["config"]) for each in page.get("consumers") or ())
        # Consumers that come and go meanwhile shift the pages: never ask for the same one twice.
        if len(known) == offset or len(known) >= page["total"]:
            return known


async def remove(bus: Bus, stream: StreamSpec, spec: ConsumerSpec) -> None:
    """Take away a consumer and every message that only it would read; raises as ``ensure``.

    Nothing when neither is there.
    """
    await _ask(bus, f"CONSUMER.DELETE.{stream.name}.{spec.durable}", None)
    await _ask(bus, f"STREAM.PURGE.{stream.name}", {"filter": spec.filter_subject})
    log.info("consumer removed", consumer=f"{stream.name}.{spec.durable}")


def _config(spec: ConsumerSpec) -> dict[str, Any]:
    return {
        "name": spec.durable,
        "durable_name": spec.durable,
        "filter_subject": spec.filter_subject,
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "ack_wait": int(spec.ack_wait * 1e9),
        "max_ack_pending": spec.max_ack_pending,
        "max_deliver": -1,
    }


async def _ask(bus: Bus, where: str, request: dict[str, Any] | None) -> dict[str, Any] | None:
    body = b"" if request is None else json.dumps(request).encode()
    reply = await bus.request(f"$JS.API.{where}", body, {}, _API_SECONDS)
    answer: dict[str, Any] = json.loads(reply)
    error = answer.get("error")
    if error is None:
        return answer
    if error.get("code") == 404:
        return None
    raise MusterError(Code.SERVICE_UNAVAILABLE, f"{where}: {error.get('description')}")
