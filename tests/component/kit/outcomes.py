"""Outcomes of operations: the messages with which the tests of the kit try the bus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from shared.contracts import subjects
from shared.contracts.operations import Outcome
from shared.contracts.streams import OUTCOME
from shared.kit.bus import Bus
from shared.kit.clock import SystemClock, new_id
from tests.conftest import OWNER

MakeBus = Callable[[str], Awaitable[Bus]]
DEVICES = OUTCOME.consumers[0]


def an_outcome() -> Outcome:
    return Outcome(
        operation_id=new_id(),
        owner=OWNER,
        site="hq",
        device_id=1,
        status="sent",
        at=SystemClock().now(),
    )


async def say(bus: Bus, outcome: Outcome) -> None:
    await bus.publish(
        OUTCOME,
        subjects.outcome("hq", 1),
        outcome.model_dump_json().encode(),
        message_id=str(new_id()),
    )
