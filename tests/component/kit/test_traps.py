"""What FastStream and nats-py would do to a message, a stream or a process by their defaults."""

from __future__ import annotations

import asyncio
import sys
from itertools import pairwise
from typing import NoReturn

import pytest
from faststream import AckPolicy
from faststream.nats import JStream, NatsMessage, PullSub
from nats.js.api import ConsumerConfig, StreamConfig
from typing_extensions import override

from shared.contracts import subjects
from shared.contracts.operations import Outcome
from shared.contracts.readings import PeopleRead
from shared.contracts.streams import DLQ, OUTCOME, PEOPLE
from shared.kit import retry
from shared.kit.bus import Bus, BusClosedError
from shared.kit.clock import SystemClock, new_id
from shared.kit.settings import Settings
from tests.component.kit.outcomes import DEVICES, MakeBus, an_outcome, say
from tests.conftest import OWNER, ROOT, Platform

SECONDS = 30.0
CLOCK = SystemClock()
READER = PEOPLE.consumers[0]


async def test_a_connection_closed_for_good_ends_the_watch(clean: Platform) -> None:
    async def never() -> NoReturn:
        raise AssertionError

    bus = Bus("devices", clean.settings(Settings, "devices"))
    await bus.connect()
    watching = asyncio.ensure_future(bus.watch(never))
    done, _ = await asyncio.wait({watching}, timeout=0.2)
    assert not done
    await bus.client.close()
    with pytest.raises(BusClosedError):
        await asyncio.wait_for(watching, SECONDS)


STUCK = """
import asyncio, time
from shared.kit import service

service._STUCK_SECONDS = 1.0

async def live():
    service._watch_loop(asyncio.get_running_loop())
    {work}

asyncio.run(live())
"""


@pytest.mark.parametrize(
    ("work", "status"), [("time.sleep(60)", 70), ("await asyncio.sleep(1.5)", 0)]
)
async def test_a_process_whose_loop_is_stuck_ends(work: str, status: int) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STUCK.format(work=work)),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == status, said.decode()
    assert (b"in live" in said) is bool(status), "it tells where it was stuck"


async def configuration(bus: Bus) -> tuple[StreamConfig, ConsumerConfig]:
    stream = (await bus.js.stream_info(PEOPLE.name)).config
    return stream, (await bus.js.consumer_info(PEOPLE.name, READER.durable)).config


@pytest.mark.parametrize("declare", [False, True])
async def test_a_subscriber_leaves_its_stream_as_it_is(
    clean: Platform, bus_of: MakeBus, *, declare: bool
) -> None:
    """On the user who may change streams; the control declares its stream, as is the default."""
    bus = await bus_of("provisioner")
    before = await configuration(bus)

    async def ignore(_: str, __: PeopleRead) -> None:
        return

    if declare:
        bus.broker.subscriber(
            READER.filter_subject,
            stream=JStream(PEOPLE.name),
            durable=READER.durable,
            pull_sub=PullSub(batch_size=1, timeout=1.0),
            inbox_prefix=f"{bus.inbox}.".encode(),
        )(ignore)
    else:
        bus.on_event(PEOPLE, READER, PeopleRead, ignore)
    await bus.start()
    after = await configuration(bus)
    await clean.servers.provision()
    assert (after != before) is declare


class Listening(Bus):
    """A bus that keeps the broker's complaints."""

    def __init__(self, user: str, settings: Settings) -> None:
        super().__init__(user, settings)
        self.errors: asyncio.Queue[str] = asyncio.Queue()

    @override
    async def _on_error(self, error: Exception) -> None:
        self.errors.put_nowait(str(error))


async def test_without_its_own_inbox_a_pull_subscriber_gets_nothing(
    clean: Platform, bus_of: MakeBus
) -> None:
    """The control to every test in which ``on_event`` is heard."""
    agent, bus = await bus_of("agent-hq"), Listening("devices", clean.settings(Settings, "devices"))
    heard = asyncio.Event()

    async def consume(_: NatsMessage) -> None:
        heard.set()

    bus.broker.subscriber(
        DEVICES.filter_subject,
        stream=JStream(OUTCOME.name, declare=False),
        durable=DEVICES.durable,
        pull_sub=PullSub(batch_size=1, timeout=0.5),
        ack_policy=AckPolicy.NACK_ON_ERROR,
        no_reply=True,
    )(consume)
    await bus.connect()
    try:
        await bus.start()
        await say(agent, an_outcome())
        denied = await asyncio.wait_for(bus.errors.get(), SECONDS)
        assert 'permissions violation for subscription to "_inbox.' in denied.lower()
        assert not heard.is_set()
    finally:
        await bus.stop()


async def test_what_is_in_hand_is_finished_and_the_rest_waits_for_the_next(
    clean: Platform, bus_of: MakeBus
) -> None:
    agent, devices = await bus_of("agent-hq"), await bus_of("devices")
    provisioner = await bus_of("provisioner")
    in_hand, go_on = asyncio.Event(), asyncio.Event()
    finished: list[Outcome] = []
    first, second = an_outcome(), an_outcome()

    async def slow(_: str, outcome: Outcome) -> None:
        in_hand.set()
        await go_on.wait()
        finished.append(outcome)

    devices.on_event(OUTCOME, DEVICES, Outcome, slow)
    await devices.start()
    await say(agent, first)
    await say(agent, second)
    await asyncio.wait_for(in_hand.wait(), SECONDS)
    stopping = asyncio.ensure_future(devices.stop())
    done, _ = await asyncio.wait({stopping}, timeout=0.3)
    assert not done
    go_on.set()
    await asyncio.wait_for(stopping, SECONDS)
    assert finished == [first]
    # A work queue lets go of what is acknowledged, and of nothing else.
    assert (await provisioner.js.stream_info(OUTCOME.name)).state.messages == 1

    heir, rest = await bus_of("devices"), asyncio.Queue[Outcome]()

    async def take(_: str, outcome: Outcome) -> None:
        rest.put_nowait(outcome)

    heir.on_event(OUTCOME, DEVICES, Outcome, take)
    began = CLOCK.monotonic()
    await heir.start()
    assert await asyncio.wait_for(rest.get(), SECONDS) == second
    assert CLOCK.monotonic() - began < DEVICES.ack_wait - 2, "it was in nobody's hand"
    assert rest.empty()


def a_table(device_id: int) -> PeopleRead:
    return PeopleRead(owner=OWNER, site="hq", device_id=device_id, read_at=CLOCK.now(), people=())


async def say_table(bus: Bus, device_id: int) -> None:
    body = a_table(device_id).model_dump_json().encode()
    where = subjects.people_read("hq", device_id)
    await bus.publish(PEOPLE, where, body, message_id=str(new_id()))


async def letters(bus: Bus) -> int:
    return (await bus.js.stream_info(DLQ.name)).state.messages


async def test_a_defect_ends_with_the_dead_letters_and_stops_nobody(
    clean: Platform, bus_of: MakeBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "_BASE_SECONDS", 0.2)
    devices, attendance = await bus_of("devices"), await bus_of("attendance")
    provisioner = await bus_of("provisioner")
    tries: list[float] = []
    flowed: dict[int, int] = {}

    async def digest(_: str, table: PeopleRead) -> None:
        if table.device_id == 1:
            tries.append(CLOCK.monotonic())
            raise ZeroDivisionError
        flowed[table.device_id] = len(tries)

    attendance.on_event(PEOPLE, READER, PeopleRead, digest)
    await attendance.start()
    for device_id in range(1, 6):
        await say_table(devices, device_id)
    async with asyncio.timeout(SECONDS):
        while not await letters(provisioner):
            await asyncio.sleep(0.05)
    assert len(tries) == 5
    gaps = [later - earlier for earlier, later in pairwise(tries)]
    assert all(gap >= retry.delay(number) for number, gap in enumerate(gaps, 1)), gaps
    assert sorted(flowed) == [2, 3, 4, 5]
    assert max(flowed.values()) < 5, "the others came between its tries"
    await say_table(devices, 6)
    async with asyncio.timeout(SECONDS):
        while 6 not in flowed:
            await asyncio.sleep(0.02)
    assert (len(tries), await letters(provisioner)) == (5, 1)


async def test_what_is_not_the_messages_fault_never_ends_with_the_dead_letters(
    clean: Platform, bus_of: MakeBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: nine failures that pass, and the message is digested after all."""
    monkeypatch.setattr(retry, "_BASE_SECONDS", 0.01)
    monkeypatch.setattr(retry, "_CAP_SECONDS", 0.1)
    devices, attendance = await bus_of("devices"), await bus_of("attendance")
    provisioner = await bus_of("provisioner")
    digested, tries = asyncio.Event(), 0

    async def digest(_: str, __: PeopleRead) -> None:
        nonlocal tries
        tries += 1
        if tries < 10:
            raise ConnectionRefusedError
        digested.set()

    attendance.on_event(PEOPLE, READER, PeopleRead, digest)
    await attendance.start()
    await say_table(devices, 1)
    await asyncio.wait_for(digested.wait(), SECONDS)
    assert await letters(provisioner) == 0
