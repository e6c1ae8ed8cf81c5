"""Makes every stream, durable and bucket, and keeps them as they must be for as long as it runs.

What is missing is made; what drifted is put back. What the broker does not let anybody change, and
what could only be changed by deleting messages, is left as it is and named in the log: services
refuse to run on it, and a person decides.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final, NoReturn

import nats.errors

from deploy.nats import specs
from deploy.nats.accounts import streams_of
from shared.kit.denials import PublishDeniedError
from shared.kit.logging import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nats.aio.msg import Msg

    from shared.contracts.streams import ConsumerSpec, StreamSpec
    from shared.kit.bus import Bus
    from shared.kit.clock import Clock

log = get_logger(__name__)
_EVERY_SECONDS: Final = 2.0
_API_SECONDS: Final = 5.0
_NEWS: Final = (
    "$JS.EVENT.ADVISORY.STREAM.DELETED.>",
    "$JS.EVENT.ADVISORY.STREAM.UPDATED.>",
    "$JS.EVENT.ADVISORY.CONSUMER.DELETED.>",
)


class ApiError(Exception):
    """The broker refused a request of its JetStream API; ``code`` as in HTTP."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code = code


class Provisioner:
    """Keeps the streams of an installation with these sites."""

    def __init__(self, bus: Bus, sites: Sequence[str], clock: Clock) -> None:
        self._bus = bus
        self._specs = streams_of(sites)
        self._clock = clock
        self._news = asyncio.Event()
        self._named: set[str] = set()
        """What was already complained about: once is enough."""

    async def keep(self) -> NoReturn:
        """Look every two seconds and whenever the broker says that something was changed."""
        for subject in _NEWS:
            await self._bus.client.subscribe(subject, cb=self._hear)
        while True:
            try:
                await self.once()
            except (ApiError, nats.errors.Error, PublishDeniedError, TimeoutError) as error:
                log.warning("cannot look after the streams now", error=repr(error))
            await self._pause()

    async def once(self) -> None:
        """Make what is missing and put back what drifted, everywhere, once."""
        wrong: set[str] = set()
        for spec in self._specs:
            wrong |= await self._stream(spec)
            for consumer in spec.consumers:
                wrong |= await self._consumer(spec, consumer)
        for sentence in sorted(wrong - self._named):
            log.error("a person must decide", problem=sentence)
        self._named = wrong

    async def _hear(self, _: Msg) -> None:
        self._news.set()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(_EVERY_SECONDS):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    async def _stream(self, spec: StreamSpec) -> set[str]:
        wanted = specs.stream_config(spec)
        info = await self._find(f"STREAM.INFO.{spec.name}")
        if info is None:
            await self._ask(f"STREAM.CREATE.{spec.name}", specs.without_unset(wanted))
            log.info("stream made", stream=spec.name)
            return set()
        found = info["config"]
        wrong: set[str] = set()
        for setting, value in specs.drift(wanted, found).items():
            name = f"stream {spec.name}: {setting} is {found.get(setting)!r}, must be {value!r}"
            if specs.deletes(setting, value, info["state"], self._clock.now()):
                wrong.add(f"{name}, but that would delete messages")
                continue
            changed = specs.without_unset({**found, setting: value})
            try:
                await self._ask(f"STREAM.UPDATE.{spec.name}", changed)
            except ApiError as error:
                wrong.add(f"{name}, but the broker says: {error}")
            else:
                log.warning("setting put back", setting=name)
                found = changed
        return wrong

    async def _consumer(self, stream: StreamSpec, spec: ConsumerSpec) -> set[str]:
        wanted = specs.consumer_config(spec)
        where = f"{stream.name}.{spec.durable}"
        info = await self._find(f"CONSUMER.INFO.{where}")
        found = info["config"] if info else {}
        changes = specs.drift(wanted, found)
        if not changes:
            return set()
        request = {
            "stream_name": stream.name,
            "config": specs.without_unset({**found, **wanted}),
            "action": "update" if info else "create",
        }
        try:
            await self._ask(f"CONSUMER.CREATE.{where}.{spec.filter_subject}", request)
        except ApiError as error:
            return {f"consumer {where}: {sorted(changes)} must be put back, but: {error}"}
        log.info("consumer put back" if info else "consumer made", consumer=where)
        return set()

    async def _find(self, where: str) -> dict[str, Any] | None:
        try:
            return await self._ask(where, None)
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    async def _ask(self, where: str, request: dict[str, Any] | None) -> dict[str, Any]:
        body = b"" if request is None else json.dumps(request).encode()
        reply = await self._bus.request(f"$JS.API.{where}", body, {}, _API_SECONDS)
        answer: dict[str, Any] = json.loads(reply)
        if error := answer.get("error"):
            raise ApiError(error["code"], f"{where}: {error['description']}")
        return answer
