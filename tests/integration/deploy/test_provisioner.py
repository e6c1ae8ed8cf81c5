"""The provisioner makes what is missing, puts back what drifted, and never deletes a message."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.js.errors import NotFoundError

from deploy.local.layout import Layout
from deploy.nats import specs
from deploy.nats.accounts import streams_of
from deploy.nats.provisioner import Provisioner
from shared.contracts import streams
from shared.kit import logging as kit_logging
from shared.kit.bus import Bus
from tests.integration.deploy.alone import nats_alone, provisioner

SITES = ("hq",)
Config = dict[str, Any]


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[tuple[Provisioner, Bus]]:
    kit_logging.setup("tests", "WARNING")
    async with (
        nats_alone(tmp_path, SITES) as (_, url),
        provisioner(tmp_path, url, SITES) as maker_and_bus,
    ):
        yield maker_and_bus


async def publish(bus: Bus, directory: Path, user: str, subject: str, body: bytes) -> None:
    """Publish as one who may: the provisioner may not."""
    url = bus.client.connected_url
    assert url is not None
    client = await nats.connect(
        url.geturl(),
        nkeys_seed=str(Layout(directory).seed(user)),
        inbox_prefix=f"_INBOX_{user}",
    )
    await client.jetstream().publish(subject, body)
    await client.close()


@asynccontextmanager
async def kept(maker: Provisioner) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(maker.keep())
        yield
        task.cancel()


async def config(bus: Bus, where: str) -> Config:
    reply = json.loads((await bus.client.request(f"$JS.API.{where}")).data)
    found: Config = reply.get("config", {})
    return found


async def until(bus: Bus, where: str, holds: Callable[[Config], bool]) -> Config:
    async with asyncio.timeout(5):
        while not holds(found := await config(bus, where)):
            await asyncio.sleep(0.02)
        return found


async def change(bus: Bus, stream: str, **settings: Any) -> None:
    found = await config(bus, f"STREAM.INFO.{stream}")
    body = json.dumps({**found, **settings}).encode()
    reply = json.loads((await bus.client.request(f"$JS.API.STREAM.UPDATE.{stream}", body)).data)
    assert "error" not in reply, reply


async def test_what_it_made_is_what_was_asked_for(own: tuple[Provisioner, Bus]) -> None:
    _, bus = own
    for spec in streams_of(SITES):
        found = await config(bus, f"STREAM.INFO.{spec.name}")
        assert specs.drift(specs.stream_config(spec), found) == {}, spec.name
        for consumer in spec.consumers:
            found = await config(bus, f"CONSUMER.INFO.{spec.name}.{consumer.durable}")
            assert specs.drift(specs.consumer_config(consumer), found) == {}, consumer.durable


async def test_makes_a_deleted_stream_and_its_consumer_again(
    own: tuple[Provisioner, Bus],
) -> None:
    maker, bus = own
    async with kept(maker):
        await bus.js.delete_stream("PUNCH")
        await until(bus, "CONSUMER.INFO.PUNCH.attendance", bool)


async def test_makes_a_deleted_consumer_again(own: tuple[Provisioner, Bus]) -> None:
    maker, bus = own
    async with kept(maker):
        await bus.js.delete_consumer("RECORDED", "subscriber-hq")
        await until(bus, "CONSUMER.INFO.RECORDED.subscriber-hq", bool)


async def test_a_loss_is_noticed_without_news(own: tuple[Provisioner, Bus]) -> None:
    """News may be missed while the link is down: it looks by itself, too."""
    maker, bus = own
    await bus.js.delete_stream("PUNCH")
    async with kept(maker):
        await until(bus, "STREAM.INFO.PUNCH", bool)


@pytest.mark.parametrize(
    ("stream", "setting", "value"),
    [
        ("PUNCH", "discard", "old"),
        ("PUNCH", "max_age", 3_600_000_000_000),
        ("RECORDED", "max_bytes", 2**29),
        ("RECORDED", "max_msgs", 10),
        ("OUTCOME", "subjects", ["evt.*.operation.outcome.v1.1"]),
        ("RECORDED", "no_ack", True),
        ("KV_AUTH", "allow_direct", False),
    ],
)
async def test_puts_a_setting_back(
    own: tuple[Provisioner, Bus], stream: str, setting: str, value: object
) -> None:
    maker, bus = own
    where = f"STREAM.INFO.{stream}"
    wanted = (await config(bus, where)).get(setting)
    await change(bus, stream, **{setting: value})
    async with kept(maker):
        await until(bus, where, lambda found: found.get(setting) == wanted)


async def test_puts_a_consumer_back(own: tuple[Provisioner, Bus]) -> None:
    maker, bus = own
    where = "CONSUMER.INFO.RECORDED.forwarder"
    found = {**await config(bus, where), "max_ack_pending": 500, "max_deliver": 3}
    body = json.dumps({"stream_name": "RECORDED", "config": found, "action": "update"}).encode()
    await bus.client.request("$JS.API.CONSUMER.CREATE.RECORDED.forwarder", body)
    async with kept(maker):
        await until(bus, where, lambda now: (now["max_ack_pending"], now["max_deliver"]) == (1, -1))


async def test_names_what_the_broker_does_not_let_it_change(
    own: tuple[Provisioner, Bus], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    maker, bus = own
    found = await config(bus, "STREAM.INFO.PUNCH")
    await bus.js.delete_stream("PUNCH")
    body = json.dumps({**found, "retention": "limits"}).encode()
    await bus.client.request("$JS.API.STREAM.CREATE.PUNCH", body)
    await publish(bus, tmp_path, "agent-hq", "evt.hq.punch.read.v1.1", b"kept")
    await maker.once()
    await maker.once()
    said = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    assert len(said) == 1, "said once, not every two seconds"
    assert "stream PUNCH: retention is 'limits', must be 'workqueue'" in said[0]
    assert (await bus.js.get_msg("PUNCH", 1)).data == b"kept"


async def test_never_deletes_messages_to_put_a_setting_back(
    own: tuple[Provisioner, Bus], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    maker, bus = own
    await change(bus, "KV_SITE", max_msgs_per_subject=5)
    for value in (b"1", b"2"):
        await publish(bus, tmp_path, "devices", "$KV.SITE.hq", value)
    await maker.once()
    assert (await bus.js.stream_info("KV_SITE")).state.messages == 2
    assert "stream KV_SITE: max_msgs_per_subject is 5" in caplog.text
    assert "delete messages" in caplog.text


async def test_an_unknown_stream_is_left_alone(own: tuple[Provisioner, Bus]) -> None:
    maker, bus = own
    await bus.js.add_stream(name="SOMEBODYS", subjects=["somebodys.>"])
    await maker.once()
    assert await bus.js.stream_info("SOMEBODYS")
    with pytest.raises(NotFoundError):
        await bus.js.stream_info("NOBODYS")


async def test_the_broker_says_that_it_syncs_always(own: tuple[Provisioner, Bus]) -> None:
    _, bus = own
    reply = json.loads((await bus.client.request(streams.JSZ_SUBJECT)).data)
    assert reply["data"]["config"]["sync_always"] is True
