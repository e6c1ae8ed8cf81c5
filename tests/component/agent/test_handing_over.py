"""A device that hands over is answered when what it said is kept, not before, and not otherwise."""

from __future__ import annotations

import asyncio
from typing import Any

import nats.errors
import pytest

from services.devices.agent import hearing
from services.devices.agent.pump import Pump
from shared.contracts import streams
from shared.contracts.readings import PunchBatch
from shared.contracts.streams import StreamSpec
from shared.kit.bus import Bus
from tests.component.agent.device import eventually
from tests.component.agent.house import House
from tests.component.agent.said import answer, backlog, ids, joined, record, sendlog
from tests.component.agent.scripted import LOST

# ── punches ──────────────────────────────────────────────────────────────────


async def test_a_backlog_is_one_batch_and_is_answered(house: House) -> None:
    _, script = await joined(house)
    assert await answer(script, backlog(50))
    await eventually(lambda: house.attendance.of(script.serial) == ids(script.serial, 50))
    (batch,) = (each for each in house.attendance.batches if each.serial == script.serial)
    assert (batch.source, len(batch.records)) == ("push", 50)
    assert script.readings == 0, "nothing is read unasked"


async def test_what_comes_again_is_the_same(house: House) -> None:
    _, script = await joined(house)
    for people in (3, 50, 20, 50):
        assert await answer(script, backlog(people))
    script.live.put_nowait(LOST)
    await eventually(lambda: script.opened == 2)
    assert await answer(script, backlog(50))
    await eventually(lambda: len(house.records_of(script.serial)) == 3 + 50 + 20 + 50 + 50)
    assert house.attendance.of(script.serial) == ids(script.serial, 50)


class Gate:
    """Lets nothing of an agent's into one stream until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, stream: StreamSpec = streams.PUNCH) -> None:
        self.opened = asyncio.Event()
        self.tried = 0
        publish = Bus.publish

        async def gated(bus: Bus, into: StreamSpec, *args: Any, **more: Any) -> object:
            if into is stream and bus.user.startswith("agent"):
                self.tried += 1
                await self.opened.wait()
            return await publish(bus, into, *args, **more)

        monkeypatch.setattr(Bus, "publish", gated)


async def was_left_waiting(
    house: House, monkeypatch: pytest.MonkeyPatch, body: bytes, stream: StreamSpec = streams.PUNCH
) -> bool:
    """Tell whether a device had no answer as long as the stream had nothing."""
    _, script = await joined(house)
    gate = Gate(monkeypatch, stream)
    script.live.put_nowait(body)
    await eventually(lambda: gate.tried)
    # Whatever could answer early has had its turn by then; the control shows that it has.
    await asyncio.sleep(0.3)
    waited = script.settled == []
    gate.opened.set()
    await eventually(lambda: script.settled)
    assert script.settled == [True]
    return waited


@pytest.mark.parametrize(
    ("body", "stream"),
    [(backlog(5), streams.PUNCH), (sendlog(record(0, event=5)), streams.DEVICE_EVENT)],
    ids=["punches", "a door"],
)
async def test_nothing_is_answered_before_the_stream_has_it(
    house: House, monkeypatch: pytest.MonkeyPatch, body: bytes, stream: StreamSpec
) -> None:
    assert await was_left_waiting(house, monkeypatch, body, stream)


async def test_the_control_an_agent_that_does_not_wait_answers_early(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    careful, waiting = Pump.deliver, []

    async def careless(pump: Pump, *args: Any) -> None:
        waiting.append(asyncio.ensure_future(careful(pump, *args)))

    monkeypatch.setattr(Pump, "deliver", careless)
    assert not await was_left_waiting(house, monkeypatch, backlog(5))
    await asyncio.gather(*waiting)


async def test_a_stream_that_takes_nothing_leaves_it_with_the_device(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "_KEEP_SECONDS", 1.2)
    _, script = await joined(house)
    refused: list[PunchBatch] = []

    async def refuse(_: object, batch: PunchBatch) -> bool:
        refused.append(batch)
        return False

    with monkeypatch.context() as patch:
        patch.setattr("services.devices.agent.pump.publish_batch", refuse)
        assert not await answer(script, backlog(5))
    assert len(refused) > 1, "it is tried again as long as the device waits"
    assert await answer(script, backlog(5))
    await eventually(lambda: house.attendance.of(script.serial) == ids(script.serial, 5))
    heard = {each.batch_id for each in house.attendance.batches}
    assert not heard & {each.batch_id for each in refused}, "the journal let go of the first"


async def test_a_receipt_is_as_good_as_the_word_of_the_stream(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, script = await joined(house)
    publish = Bus.publish

    async def unheard(bus: Bus, into: StreamSpec, *args: Any, **more: Any) -> object:
        stored = await publish(bus, into, *args, **more)
        if into is streams.PUNCH:
            await eventually(lambda: house.attendance.of(script.serial))
            raise nats.errors.TimeoutError
        return stored

    monkeypatch.setattr(Bus, "publish", unheard)
    assert await answer(script, backlog(5))


async def test_few_are_published_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site that comes back brings thousands; each has only seconds once it is on its way."""
    several = [(await joined(house))[1] for _ in range(10)]
    gate = Gate(monkeypatch)
    for script in several:
        script.live.put_nowait(sendlog(*(record(1, n) for n in range(2000))))
    await eventually(lambda: gate.tried == 64)
    await asyncio.sleep(0.1)
    assert gate.tried == 64
    gate.opened.set()
    await eventually(lambda: all(script.settled == [True] for script in several))
    assert gate.tried == 10 * 2000 / 250
