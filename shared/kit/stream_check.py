"""Refuse to run on a stream that breaks custody.

A broker's defaults lose what they acknowledged, and a stream's settings can be changed by anybody
with the right to. So each service compares what it depends on with what must be true.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import nats.errors
import nats.js.errors

from shared.contracts.streams import JSZ_SUBJECT, ConsumerSpec, StreamSpec
from shared.kit.bus import Bus
from shared.kit.errors import StartupError
from shared.kit.logging import get_logger

log = get_logger(__name__)
_PAUSE_SECONDS: Final = 0.25
_INFO_SECONDS: Final = 3.0


def differences(spec: StreamSpec, found: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each setting of a stream's configuration that is not as it must be."""
    wanted: dict[str, object] = {
        "retention": spec.retention,
        "discard": spec.discard,
        "storage": "file",
        "max_age": int(spec.max_age * 1e9),
        "max_bytes": spec.max_bytes,
        "max_msgs": -1,
        "max_msgs_per_subject": spec.max_msgs_per_subject,
        "max_consumers": spec.max_consumers,
        "duplicate_window": int(spec.duplicate_window * 1e9),
    }
    wrong = [
        f"stream {spec.name}: {setting} is {found.get(setting)!r}, it must be {value!r}"
        for setting, value in wanted.items()
        if found.get(setting) != value
    ]
    if bool(found.get("allow_msg_ttl")) is not spec.allow_msg_ttl:
        wrong.append(f"stream {spec.name}: allow_msg_ttl must be {spec.allow_msg_ttl}")
    if missing := set(spec.subjects) - set(found.get("subjects") or ()):
        wrong.append(f"stream {spec.name}: subjects lacks {sorted(missing)}")
    if found.get("no_ack") or found.get("sealed") or found.get("persist_mode") == "async":
        wrong.append(f"stream {spec.name}: it does not acknowledge what it stored")
    return wrong


def consumer_differences(stream: str, spec: ConsumerSpec, found: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each setting of a durable that is not as it must be."""
    wanted: dict[str, object] = {
        "ack_policy": "explicit",
        "filter_subject": spec.filter_subject,
        "max_ack_pending": spec.max_ack_pending,
        "ack_wait": int(spec.ack_wait * 1e9),
        "max_deliver": -1,
    }
    return [
        f"consumer {stream}/{spec.durable}: {setting} is {found.get(setting)!r},"
        f" it must be {value!r}"
        for setting, value in wanted.items()
        if found.get(setting) != value
    ]


class StreamCheck:
    """What one service depends on, checked when it starts and after every reconnect."""

    def __init__(
        self,
        bus: Bus,
        streams: Sequence[StreamSpec],
        consumers: Sequence[tuple[StreamSpec, ConsumerSpec]] = (),
        *,
        seconds: float,
    ) -> None:
        self._bus = bus
        self._streams = streams
        self._consumers = consumers
        self._seconds = seconds

    async def run(self) -> None:
        """Return when all is as it must be; raise StartupError naming stream and setting.

        What is missing is waited for, because the provisioner makes it; what is wrong is not.
        """
        try:
            async with asyncio.timeout(self._seconds):
                await self._sync_always()
                for stream in self._streams:
                    await self._until_there(f"STREAM.INFO.{stream.name}", stream)
                for stream, consumer in self._consumers:
                    where = f"CONSUMER.INFO.{stream.name}.{consumer.durable}"
                    await self._until_there(where, stream, consumer)
        except TimeoutError as error:
            msg = f"the broker's streams were not there after {self._seconds:.0f} s"
            raise StartupError(msg) from error

    async def _until_there(
        self, where: str, stream: StreamSpec, consumer: ConsumerSpec | None = None
    ) -> None:
        while (config := await self._config(where)) is None:
            log.info("waiting for the provisioner", missing=where)
            await asyncio.sleep(_PAUSE_SECONDS)
        wrong = (
            consumer_differences(stream.name, consumer, config)
            if consumer
            else differences(stream, config)
        )
        if wrong:
            raise StartupError("; ".join(wrong))

    async def _config(self, where: str) -> dict[str, Any] | None:
        # Asked raw: nats-py drops the settings it has no field for.
        try:
            reply = await self._bus.request(f"$JS.API.{where}", b"", {}, _INFO_SECONDS)
        except (nats.errors.NoRespondersError, nats.errors.TimeoutError):
            return None
        answer = json.loads(reply)
        if error := answer.get("error"):
            if error.get("code") == 404:
                return None
            msg = f"{where}: {error.get('description')}"
            raise StartupError(msg)
        config: dict[str, Any] = answer["config"]
        return config

    async def _sync_always(self) -> None:
        """Require that the server hands each message to the disk before it acknowledges it."""
        while True:
            try:
                reply = await self._bus.request(JSZ_SUBJECT, b"{}", {}, _INFO_SECONDS)
            except (nats.errors.NoRespondersError, nats.errors.TimeoutError):
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            answer = json.loads(reply)
            config = answer.get("data", {}).get("config", {})
            if not config.get("sync_always"):
                server = answer.get("server", {}).get("name", "?")
                msg = f"server {server}: jetstream sync_interval must be always"
                raise StartupError(msg)
            return
