"""What becomes of a message whose handler failed: tried again later, or put with the dead letters.

A body that is no message of its type can never succeed: dead letter at once. A database or broker
that is away is not the message's fault: again and again, for as long as it takes. Anything else is
a defect: a few tries, then a dead letter, so that one message never stops the ones behind it.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final, Protocol

import nats.errors
import nats.js.errors
from faststream.exceptions import NackMessage, RejectMessage
from faststream.nats import NatsMessage

from shared.contracts import subjects
from shared.contracts.streams import DLQ, ConsumerSpec, StreamSpec
from shared.kit import telemetry
from shared.kit.db import UNAVAILABLE
from shared.kit.errors import MusterError, NotYetError
from shared.kit.logging import get_logger

log = get_logger(__name__)

_TRIES: Final = 5
_BASE_SECONDS: Final = 0.3
_CAP_SECONDS: Final = 15.0
_TRANSIENT: Final = (*UNAVAILABLE, nats.errors.Error, TimeoutError, NotYetError)


def delay(delivery: int) -> float:
    """Return the seconds to wait after the n-th delivery failed; n counts from 1."""
    return min(_CAP_SECONDS, _BASE_SECONDS * 2.0 ** min(delivery - 1, 16))


class Publish(Protocol):
    """How a dead letter leaves: the bus's own publish."""

    async def __call__(
        self,
        stream: StreamSpec,
        subject: str,
        body: bytes,
        *,
        message_id: str,
        headers: dict[str, str],
    ) -> object:
        """Publish into a stream and return when it is stored."""
        ...


class Retry:
    """The rule for one consumer."""

    def __init__(self, publish: Publish, stream: StreamSpec, consumer: ConsumerSpec) -> None:
        self._publish = publish
        self._stream = stream
        self._consumer = consumer

    @contextlib.asynccontextmanager
    async def digest(self, message: NatsMessage) -> AsyncIterator[None]:
        """Run a handler's body; turn its failure into the broker's word for what comes next."""
        raw: Any = message.raw_message
        name = f"{self._stream.name} {self._consumer.durable}"
        deliveries = raw.metadata.num_delivered
        with telemetry.span(
            name, telemetry.SpanKind.CONSUMER, headers=raw.headers or {}, deliveries=deliveries
        ):
            try:
                yield
            except MusterError as error:
                await self._bury(raw, error)
            except _TRANSIENT as error:
                log.warning("trying again later", consumer=name, error=repr(error)[:300])
                raise NackMessage(delay=delay(deliveries)) from error
            except Exception as error:
                log.exception("handler failed", consumer=name, deliveries=deliveries)
                if deliveries >= _TRIES:
                    await self._bury(raw, error)
                raise NackMessage(delay=delay(deliveries)) from error

    async def _bury(self, raw: Any, error: Exception) -> None:
        consumer = self._consumer.durable
        sequence = raw.metadata.sequence.stream
        try:
            await self._publish(
                DLQ,
                subjects.dead_letter(self._stream.name, consumer),
                raw.data,
                message_id=f"dlq-{self._stream.name}-{sequence}-{consumer}",
                headers={
                    **{k: v for k, v in (raw.headers or {}).items() if not k.startswith("Nats-")},
                    "muster-subject": raw.subject,
                    "muster-error": _name(error),
                },
            )
        except Exception as failure:
            # Without its dead letter the message must stay where it is.
            log.exception("dead letter not stored", consumer=consumer, sequence=sequence)
            raise NackMessage(delay=_CAP_SECONDS) from failure
        log.error("dead letter", consumer=consumer, sequence=sequence, error=repr(error)[:500])
        raise RejectMessage from error


def _name(error: Exception) -> str:
    return error.problem.code if isinstance(error, MusterError) else type(error).__name__
