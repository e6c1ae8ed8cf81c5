"""Which messages a stream holds right now."""

import json
from typing import Final

import nats.errors

from shared.contracts.streams import StreamSpec
from shared.kit.bus import Bus
from shared.kit.denials import PublishDeniedError
from shared.kit.logging import get_logger

log = get_logger(__name__)

_SECONDS: Final = 3.0
NOTHING: Final = (1, 0)


async def extent(bus: Bus, stream: StreamSpec) -> tuple[int, int]:
    """Return the numbers of the first and the last message of a stream.

    The first is behind the last when it holds none, or is gone, or nobody can tell.
    """
    try:
        reply = await bus.request(f"$JS.API.STREAM.INFO.{stream.name}", b"", {}, _SECONDS)
    except (nats.errors.Error, PublishDeniedError, TimeoutError) as error:
        log.warning("nobody tells what a stream holds", stream=stream.name, error=repr(error))
        return NOTHING
    state = json.loads(reply).get("state")
    return (state["first_seq"], state["last_seq"]) if state else NOTHING
