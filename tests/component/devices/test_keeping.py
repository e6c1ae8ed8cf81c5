"""What the registry keeps right: sites, seals, consumers, and its own schema."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from cryptography.fernet import Fernet
from nats.js.api import AckPolicy, ConsumerConfig
from sqlalchemy import Connection, create_engine

from services.devices import models
from services.devices.app import build
from shared.contracts import streams
from shared.contracts.attendance import app_site
from shared.kit.buckets import Bucket
from shared.kit.errors import StartupError
from shared.kit.migrate import heads_of
from tests.component.devices.conftest import (
    Agent,
    MakeBus,
    Running,
    eventually,
    running,
    settings_of,
)
from tests.conftest import OTHER_OWNER, OWNER, SITES, Platform, bootstrap

# ── sites and seals ──────────────────────────────────────────────────────────


async def test_sites_come_from_the_bootstrap_file_and_stay(
    registry: Running, bus_of: MakeBus
) -> None:
    for step in registry.service.prepare:
        await step()
    rows = await registry.rows("select id, owner from sites order by number")
    assert [tuple(row) for row in rows] == list(SITES.items())
    entry = await Bucket(await bus_of("attendance"), streams.SITE).get("other")
    assert json.loads(entry or b"") == {
        "owner": OTHER_OWNER,
        "name": "Other",
        "zone": "Asia/Jakarta",
    }


async def test_a_lost_or_wrong_entry_of_a_site_is_put_back(
    registry: Running, bus_of: MakeBus
) -> None:
    bucket = Bucket(registry.service.bus, streams.SITE)
    whole = {site: await bucket.get(site) for site in SITES}
    assert None not in whole.values()
    await (await bus_of("provisioner")).js.purge_stream(streams.SITE.stream)
    await bucket.put("annex", b"something else")

    async def as_before() -> bool:
        return {site: await bucket.get(site) for site in SITES} == whole

    await eventually(as_before)


def bootstrap_with(directory: Path, owner: str, sites: Sequence[object]) -> Path:
    file = directory / "bootstrap.json"
    file.write_text(json.dumps({"owners": [{"id": owner, "sites": list(sites)}]}))
    return file


@pytest.mark.parametrize(
    ("owner", "zone", "named"),
    [(OTHER_OWNER, "Asia/Jakarta", "another owner"), (OWNER, "Mars/Base", "Mars/Base")],
)
async def test_a_site_of_another_owner_or_zone_unknown_is_refused(
    registry: Running, clean: Platform, tmp_path: Path, owner: str, zone: str, named: str
) -> None:
    file = bootstrap_with(tmp_path, owner, [{"id": "hq", "name": "Mine now", "zone": zone}])
    service = build(settings_of(clean, tmp_path, bootstrap_file=file))
    with pytest.raises(StartupError, match=named):
        async with running(service):
            pytest.fail("it runs")
    rows = await registry.rows("select owner, name from sites where id = 'hq'")
    assert [tuple(row) for row in rows] == [(OWNER, "Hq")]


def test_a_broken_bootstrap_file_is_refused_without_quoting_it(
    clean: Platform, tmp_path: Path
) -> None:
    file = tmp_path / "bootstrap.json"
    file.write_text(json.dumps(bootstrap())[:-3])
    with pytest.raises(StartupError) as caught:
        build(settings_of(clean, tmp_path, bootstrap_file=file))
    assert "battery" not in str(caught.value)


def test_a_site_that_is_named_like_an_owners_phones_is_refused(
    clean: Platform, tmp_path: Path
) -> None:
    site = {"id": app_site(OWNER), "name": "Phones", "zone": "UTC"}
    file = bootstrap_with(tmp_path, OWNER, [site])
    with pytest.raises(StartupError, match="phones"):
        build(settings_of(clean, tmp_path, bootstrap_file=file))


async def test_the_wrong_seal_is_refused_at_the_start(
    registry: Running, agent: Agent, clean: Platform, tmp_path: Path
) -> None:
    await registry.register()
    other = tmp_path / "other.key"
    other.write_bytes(Fernet.generate_key())
    with pytest.raises(StartupError, match="sealed with another key"):
        async with running(build(settings_of(clean, tmp_path, secret_key_file=other))):
            pytest.fail("it runs")
    other.write_bytes(b"no key")
    with pytest.raises(StartupError, match="Fernet"):
        settings_of(clean, tmp_path, secret_key_file=other).seal()


# ── consumers ────────────────────────────────────────────────────────────────


async def test_a_lost_or_changed_consumer_is_put_back(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    lost, changed = await registry.register("10.0.0.1"), await registry.register("10.0.0.2")
    provisioner = await bus_of("provisioner")
    specs = {each.id: streams.device_consumer("hq", each.id) for each in (lost, changed)}
    await provisioner.js.delete_consumer("OPERATION_hq", specs[lost.id].durable)
    spec = specs[changed.id]
    await provisioner.js.add_consumer(
        "OPERATION_hq",
        ConsumerConfig(
            durable_name=spec.durable,
            filter_subject=spec.filter_subject,
            ack_policy=AckPolicy.EXPLICIT,
            max_ack_pending=50,
            ack_wait=99,
        ),
    )
    *_, make_consumers = registry.service.prepare
    await make_consumers()
    for each in specs.values():
        config = (await provisioner.js.consumer_info("OPERATION_hq", each.durable)).config
        assert (config.max_ack_pending, config.ack_wait, config.max_deliver) == (1, 10, -1)


async def test_a_round_asks_for_all_consumers_at_once(
    registry: Running, bus_of: MakeBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are: what is as it must be is not asked about again."""
    devices = [await registry.register_terminal(f"SERIAL-{n}") for n in range(5)]
    *_, make_consumers = registry.service.prepare
    await make_consumers()
    lost = streams.device_consumer("hq", devices[2].id).durable
    await (await bus_of("provisioner")).js.delete_consumer("OPERATION_hq", lost)
    asked: list[str] = []
    request = registry.service.bus.request

    async def listened(subject: str, *more: Any) -> bytes:
        asked.append(subject.removeprefix("$JS.API.CONSUMER."))
        return await request(subject, *more)

    monkeypatch.setattr(registry.service.bus, "request", listened)
    await make_consumers()
    about_hq = [each for each in asked if "OPERATION_hq" in each]
    create = f"CREATE.OPERATION_hq.{lost}.cmd.hq.{devices[2].id}.*"
    assert about_hq == ["LIST.OPERATION_hq", f"INFO.OPERATION_hq.{lost}", create]


async def test_one_site_without_its_stream_keeps_no_other_waiting(
    registry: Running, agent: Agent, bus_of: MakeBus
) -> None:
    await Agent(await bus_of("agent-annex"), "annex").start()
    broken = await registry.register("10.0.0.1", site="annex")
    whole = await registry.register("10.0.0.1")
    provisioner = await bus_of("provisioner")
    await registry.rows("update devices set site = 'annex' where id = :i returning 1", i=broken.id)
    await registry.rows(
        "insert into sites values ('gone', default, :o, 'G', 'UTC', null) returning 1", o=OWNER
    )
    await registry.rows("update devices set site = 'gone' where id = :i returning 1", i=broken.id)
    durable = streams.device_consumer("hq", whole.id).durable
    await provisioner.js.delete_consumer("OPERATION_hq", durable)
    *_, make_consumers = registry.service.prepare
    async with asyncio.timeout(3.0):  # the broker denies it: nobody waits for an answer
        await make_consumers()
    assert (await provisioner.js.consumer_info("OPERATION_hq", durable)).name == durable


# ── the schema ───────────────────────────────────────────────────────────────


def test_the_lineage_makes_the_tables_of_the_models(platform: Platform) -> None:
    assert len(heads_of("devices")) == 1
    options = {"options": "-c search_path=devices"}
    engine = create_engine(platform.owner_url("devices"), connect_args=options)
    with engine.connect() as connection:
        assert _differences(connection) == []
    engine.dispose()


def _differences(connection: Connection) -> list[object]:
    options = {"include_name": lambda name, kind, _: name != "alembic_version"}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, models.metadata))
