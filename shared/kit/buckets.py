"""Key-value buckets: the last word on each key, read from the stream's leader, never stale."""

from typing import Final

import nats.errors
import nats.js.errors

from shared.contracts.streams import BucketSpec, of_bucket
from shared.kit.bus import Bus, living
from shared.kit.clock import new_id
from shared.kit.denials import PublishDeniedError

AWAY: Final = (nats.errors.Error, PublishDeniedError, TimeoutError)
"""What a bucket that is away, full or forbidden raises."""
_OPERATION: Final = "KV-Operation"


class Bucket:
    """One bucket as this process's user may use it."""

    def __init__(self, bus: Bus, spec: BucketSpec) -> None:
        self._bus = bus
        self._spec = spec
        self._stream = of_bucket(spec)

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None when there is none; raises one of AWAY when it is away."""
        try:
            message = await self._bus.js.get_last_msg(self._spec.stream, self._spec.subject(key))
        except nats.js.errors.NotFoundError:
            return None
        if message.headers and message.headers.get(_OPERATION):
            return None
        return message.data or b""

    async def put(self, key: str, value: bytes, *, life: int = 0) -> None:
        """Set the value and wait until it is stored; it is gone after ``life`` seconds, if any."""
        await self._bus.publish(
            self._stream,
            self._spec.subject(key),
            value,
            message_id=str(new_id()),
            headers=living(life),
        )
