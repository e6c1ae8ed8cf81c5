"""The one door to the broker: nothing else in muster makes a connection to NATS.

FastStream's and nats-py's defaults lose messages, spin, or give up for good; the settings below
are the ones under which they do not, each with a test against a real server.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, NoReturn, TypeVar

import nats.errors
import nats.js.errors
from faststream import AckPolicy
from faststream.exceptions import IncorrectState
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from faststream.nats.security import NatsNKey
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import PubAck
from pydantic import ValidationError

from shared.contracts.errors import Code
from shared.contracts.message import Message
from shared.contracts.streams import ConsumerSpec, StreamSpec
from shared.kit import telemetry
from shared.kit.denials import Denials
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger
from shared.kit.retry import Retry
from shared.kit.settings import Settings

M = TypeVar("M", bound=Message)
log = get_logger(__name__)

PUBLISH_SECONDS: Final = 5.0
WORKERS: Final = 32
"""How many requests on one subject are answered at once."""
_FETCH_SECONDS: Final = 2.0
"""An open fetch outlives its server until its own timeout, so it is short."""
_PAUSE_SECONDS: Final = 0.5


def living(seconds: int) -> dict[str, str]:
    """Return the header of a message that the broker drops after so many seconds; 0: never."""
    return {"Nats-TTL": f"{seconds}s"} if seconds else {}


class BusClosedError(Exception):
    """The connection is closed for good; the process must end, so that it is started afresh."""


class Bus:
    """One process's connection to the broker, as one user."""

    def __init__(self, user: str, settings: Settings) -> None:
        self.user = user
        self.inbox = f"_INBOX_{user}"
        self._denials = Denials()
        self._closed = asyncio.Event()
        self._reconnected = asyncio.Event()
        self._interruption: asyncio.Future[None] | None = None
        self.broker = NatsBroker(
            settings.nats_url,
            name=user,
            security=NatsNKey.from_seed(
                settings.nats_seed_file.read_text(encoding="utf-8").strip()
            ),
            # Never give up: a client that did would leave FastStream spinning on a dead loop.
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            connect_timeout=5,
            # A half-open link is noticed after 10 to 15 s instead of minutes.
            ping_interval=5,
            max_outstanding_pings=2,
            # The default policy destroys a message on any error of its handler.
            ack_policy=AckPolicy.NACK_ON_ERROR,
            graceful_timeout=25,
            inbox_prefix=self.inbox,
            js_options={"timeout": PUBLISH_SECONDS},
            error_cb=self._on_error,
            closed_cb=self._on_closed,
            reconnected_cb=self._on_reconnected,
            logger=None,
        )

    async def _on_error(self, error: Exception) -> None:
        if subject := self._denials.heard(str(error)):
            log.error("denied by the broker", subject=subject)
        elif not isinstance(error, nats.errors.SlowConsumerError):
            log.warning("broker error", error=repr(error))
        else:
            log.error("messages dropped: handler too slow", subject=error.subject)

    async def _on_closed(self) -> None:
        self._closed.set()

    async def _on_reconnected(self) -> None:
        log.info("reconnected to the broker")
        self._reconnected.set()
        if self._interruption is not None:
            self._interruption.set_result(None)
            self._interruption = None

    @property
    def client(self) -> Client:
        """The connection itself, for what FastStream has no word for.

        Before it is made and after it is closed: ConnectionClosedError.
        """
        with _or_closed():
            client: Client = self.broker.config.broker_config.connection_state.connection
            return client

    @property
    def js(self) -> JetStreamContext:
        """The JetStream context of the connection; ConnectionClosedError as for ``client``."""
        with _or_closed():
            context: JetStreamContext = self.broker.config.broker_config.connection_state.stream
            return context

    @property
    def interruption(self) -> asyncio.Future[None]:
        """What is done at the next reconnect: whatever a broker was asked before, it forgot."""
        if self._interruption is None:
            self._interruption = asyncio.get_running_loop().create_future()
        return self._interruption

    @property
    def connected(self) -> bool:
        """Whether the broker is there right now."""
        try:
            return self.client.is_connected
        except nats.errors.ConnectionClosedError:
            return False

    async def connect(self) -> None:
        """Connect and stay connected; waits for a broker that is not up yet."""
        await self.broker.connect()

    async def start(self) -> None:
        """Begin to hear what was subscribed to."""
        await self.broker.start()
        for subscriber in self.broker.subscribers:
            subscription = getattr(subscriber, "subscription", None)
            if hasattr(subscription, "fetch"):
                _guard_fetch(subscription)
        # Heard by the broker, not only written: whoever asks from now on is heard. Twice, because
        # nats-py may write the first ping before what was pending.
        for _ in range(2):
            await self.client.flush(timeout=int(PUBLISH_SECONDS))

    async def stop(self) -> None:
        """Finish what is in hand, then disconnect."""
        await self.broker.stop()

    async def watch(self, check: Callable[[], Awaitable[None]]) -> NoReturn:
        """Run ``check`` after each reconnect; raise BusClosedError when the connection is gone."""
        while True:
            waits = {
                asyncio.ensure_future(self._closed.wait()),
                asyncio.ensure_future(self._reconnected.wait()),
            }
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for each in waits:
                    each.cancel()
            if self._closed.is_set():
                msg = "the broker closed this connection for good"
                raise BusClosedError(msg)
            self._reconnected.clear()
            await check()

    # ── saying ───────────────────────────────────────────────────────────────

    async def publish(
        self,
        stream: StreamSpec,
        subject: str,
        body: bytes,
        *,
        message_id: str,
        headers: dict[str, str] | None = None,
    ) -> PubAck:
        """Publish into a stream and return its word that the message is stored.

        A repeated ``message_id`` within the stream's window is stored once. Raises
        PublishDeniedError, or an error of nats when the stream is full, gone or silent.
        """
        full = telemetry.carry({"content-type": "application/json", **(headers or {})})
        full["Nats-Msg-Id"] = message_id
        full["Nats-Expected-Stream"] = stream.name
        with telemetry.span(f"publish {stream.name}", telemetry.SpanKind.PRODUCER):
            return await self._denials.guard(
                subject, self.js.publish(subject, body, headers=full, timeout=PUBLISH_SECONDS)
            )

    async def say(self, subject: str, message: Message) -> None:
        """Publish to whoever listens now; nothing is stored and nobody confirms."""
        headers = telemetry.carry({"content-type": "application/json"})
        await self.client.publish(subject, message.model_dump_json().encode(), headers=headers)
        await self.client.flush(timeout=int(PUBLISH_SECONDS))

    async def request(
        self, subject: str, body: bytes, headers: dict[str, str], seconds: float
    ) -> bytes:
        """Ask whoever answers now; raise NoRespondersError, TimeoutError or PublishDeniedError."""
        answer = await self._denials.guard(
            subject, self.client.request(subject, body, timeout=seconds, headers=headers)
        )
        return answer.data

    # ── hearing ──────────────────────────────────────────────────────────────

    def on_event(
        self,
        stream: StreamSpec,
        consumer: ConsumerSpec,
        message: type[M],
        handler: Callable[[str, M], Awaitable[None]],
        *,
        at_once: int = 1,
    ) -> None:
        """Call ``handler(subject, message)`` for each message of a durable consumer.

        Acknowledged when the handler returns; tried again later when it raises; a body that is no
        such message goes to the dead letters at once. ``at_once`` are handled side by side, begun
        in their order; no more come before all of them are done.
        """
        retry = Retry(self.publish, stream, consumer)

        async def consume(raw: NatsMessage) -> None:
            async with retry.digest(raw):
                try:
                    parsed = message.model_validate_json(raw.raw_message.data)
                except ValidationError as error:
                    raise MusterError(Code.VALIDATION_ERROR, f"no {message.__name__}") from error
                await handler(raw.raw_message.subject, parsed)

        self.broker.subscriber(
            consumer.filter_subject,
            stream=JStream(stream.name, declare=False),
            durable=consumer.durable,
            pull_sub=PullSub(batch_size=at_once, timeout=_FETCH_SECONDS),
            ack_policy=AckPolicy.NACK_ON_ERROR,
            inbox_prefix=f"{self.inbox}.".encode(),
            decoder=_undecoded,
            no_reply=True,
        )(consume)

    def on_message(
        self, subject: str, message: type[M], handler: Callable[[str, M], Awaitable[None]]
    ) -> None:
        """Call ``handler(subject, message)`` for what is said and not stored.

        Nobody waits for an answer, so a failure is logged, and that is all that comes of it.
        """

        async def hear(raw: NatsMessage) -> None:
            core = raw.raw_message
            with telemetry.span(
                f"hear {message.__name__}", telemetry.SpanKind.CONSUMER, headers=core.headers or {}
            ):
                try:
                    parsed = message.model_validate_json(core.data)
                except ValidationError as error:
                    # The sender's fault: its error names no values, and a traceback would be ours.
                    log.error("not understood", subject=core.subject, error=str(error)[:500])  # noqa: TRY400 - as said above
                    return
                try:
                    await handler(core.subject, parsed)
                except Exception:
                    # Nothing comes again here, and FastStream would drop it without a word.
                    log.exception("handler failed", subject=core.subject)

        self.broker.subscriber(subject, decoder=_undecoded, no_reply=True)(hear)

    def on_request(
        self,
        subject: str,
        handler: Callable[[str, bytes, dict[str, str]], Awaitable[bytes]],
        *,
        workers: int = WORKERS,
    ) -> None:
        """Answer requests with what ``handler(subject, body, headers)`` returns, never raising."""

        async def answer(raw: NatsMessage) -> bytes:
            core = raw.raw_message
            try:
                return await handler(core.subject, core.data, dict(core.headers or {}))
            except Exception:
                # FastStream would drop it without a word, and the asker wait in vain.
                log.exception("request not answered", subject=core.subject)
                raise

        self.broker.subscriber(subject, queue="answer", decoder=_undecoded, max_workers=workers)(
            answer
        )


@contextlib.contextmanager
def _or_closed() -> Iterator[None]:
    # FastStream's own error is none of nats, and whoever asks the broker is ready for those only.
    try:
        yield
    except IncorrectState as error:
        raise nats.errors.ConnectionClosedError from error


async def _undecoded(message: Any) -> bytes:
    # FastStream would guess a type and fail before the kit could tell a bad body from a bug.
    return bytes(message.body)


def _guard_fetch(subscription: Any) -> None:
    """Keep a pull loop honest: any failure becomes a pause and a line, never a spin or an end."""
    fetch = subscription.fetch
    quiet = (nats.errors.TimeoutError, asyncio.CancelledError)

    async def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return await fetch(*args, **kwargs)
        except quiet:
            raise
        except Exception as error:  # whatever it is, an ended loop would be silent for good
            log.warning("fetch failed", error=repr(error))
            await asyncio.sleep(_PAUSE_SECONDS)
            raise nats.errors.TimeoutError from error

    subscription.fetch = guarded
