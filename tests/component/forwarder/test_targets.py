"""Which punches go where, and what becomes of those that have nowhere to go."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from alembic.autogenerate import compare_metadata
from alembic.command import upgrade
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from deploy.local.ports import free_port
from services.forwarder.models import metadata
from shared.kit.clock import new_id
from shared.kit.migrate import config_of, migrate
from tests.component.attendance.conftest import running
from tests.component.forwarder.conftest import TOKEN, Post, a_punch, an_event, by_phone
from tests.component.forwarder.receiver import Receiver
from tests.conftest import OWNER, Platform

_BEFORE = (
    "insert into inbox values (:id, :owner, 'hq', 1, 1)",
    """
    insert into deliveries
    (id, owner, target, sequence, event_id, serial_number, records, punch_ids, headers)
    values (:id, :owner, 'log', 1, :id, 'SN1', '[]', array[cast(:id as uuid)], '{}')
    """,
)
NOWHERE = "FORWARD_FINGERPRINT_URL and FORWARD_LOG_URL are not set"


@pytest_asyncio.fixture(loop_scope="session")
async def second() -> AsyncIterator[Receiver]:
    async with Receiver(free_port()).open() as receiver:
        yield receiver


async def test_a_punch_by_phone_is_the_documents_body(forwarder: Post) -> None:
    event = by_phone(1)
    said = event.punches[0].model_copy(update={"user_id": "121", "event": 4})
    await forwarder.says(event.model_copy(update={"punches": (said,)}))
    (request,) = await forwarder.receiver.got(1)
    assert json.loads(request.body) == {
        "sn": "App",
        "record": [{"enrollid": 121, "time": "2026-03-01T01:02:04.456Z", "event": 4}],
    }
    (delivery,) = await forwarder.settled(1)
    assert (delivery["target"], delivery["site"]) == ("log", event.site)


async def test_phones_have_a_target_of_their_own_and_only_that(
    post: Post, second: Receiver
) -> None:
    async with running(post.service(FORWARD_FINGERPRINT_URL=second.url)):
        await post.says(an_event(a_punch(1)))
        await post.says(by_phone(1))
        await post.says(an_event(a_punch(2), source="http"))
        deliveries = await post.settled(3)
    assert [each.people for each in post.receiver.requests] == [[1], [2]]
    (request,) = second.requests
    assert json.loads(request.body)["sn"] == "App"
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert sorted(each["target"] for each in deliveries) == ["fingerprint", "log", "log"]


async def test_one_target_that_hangs_does_not_hold_up_the_other(post: Post) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/"
    async with running(post.service(FORWARD_FINGERPRINT_URL=nowhere)):
        await post.says(by_phone(1))
        await post.says(an_event(a_punch(1)))
        await post.receiver.got(1)


async def test_a_token_alone_is_for_phones_at_the_same_place(post: Post) -> None:
    async with running(post.service(FORWARD_FINGERPRINT_TOKEN="of-phones")):  # noqa: S106 - ours
        await post.says(by_phone(1))
        (request,) = await post.receiver.got(1)
    assert request.headers["authorization"] == "Bearer of-phones"


async def test_phones_without_a_target_are_on_record_until_there_is_one(post: Post) -> None:
    events = [by_phone(1), by_phone(2)]
    async with running(post.service(FORWARD_LOG_URL=None)):
        for each in events:
            await post.says(each)
        news = await post.news(2)
        kept = await post.deliveries()
        refused = await post.retries(*events)
    assert [(each["status"], each["last_error"]) for each in kept] == [("failed", NOWHERE)] * 2
    assert [(n.status, n.attempt, n.error, n.response) for n in news] == [
        ("untargeted", 0, NOWHERE, None)
    ] * 2
    assert [n.punch_ids for n in news] == [(each.punches[0].id,) for each in events]
    assert [(each.ok, each.error) for each in refused] == [(False, NOWHERE)] * 2
    async with running(post.service()):
        # They are not sent by themselves, and not forgotten.
        assert [each.ok for each in await post.retries(*events)] == [True, True]
        assert [n.attempt for n in (await post.news(4))[2:]] == [1, 1]
    assert [each.people for each in post.receiver.requests] == [[1], [2]]
    assert [each["target"] for each in await post.deliveries()] == ["log", "log"]
    assert [each.sequence for each in post.receiver.requests] == [1, 2]


async def test_who_posted_records_is_told_that_they_go_nowhere(post: Post) -> None:
    async with running(post.service(FORWARD_LOG_URL=None)):
        await post.says(an_event(a_punch(1), source="http"))
        await post.says(an_event(a_punch(2), source="pull"))
        await post.heard(2)
        (news,) = await post.news(1)
    assert (news.status, news.error) == ("untargeted", "FORWARD_LOG_URL is not set")


@pytest.mark.usefixtures("clean")
def test_the_migrations_make_the_tables_of_the_models(platform: Platform) -> None:
    options = {"options": "-c search_path=forwarder"}
    engine = create_engine(platform.owner_url("forwarder"), connect_args=options)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_server_default": True, "version_table_schema": "forwarder"}
        )
        found = compare_metadata(context, metadata)
    engine.dispose()
    assert [each for each in found if "alembic_version" not in str(each)] == []


@pytest.mark.usefixtures("clean")
def test_deliveries_of_before_are_told_their_site(platform: Platform) -> None:
    """Upgraded from the first release with a delivery in line: it is claimed as any other."""
    config = config_of("forwarder")
    config.attributes["url"] = platform.owner_url("forwarder")
    options = {"options": "-c search_path=forwarder"}
    engine = create_engine(platform.owner_url("forwarder"), connect_args=options)
    try:
        with engine.begin() as connection:
            names = [*metadata.tables, "alembic_version"]
            connection.execute(text(f"drop table {', '.join(names)}"))
        upgrade(config, "0001")
        with engine.begin() as connection:
            same = {"id": new_id(), "owner": OWNER}
            for statement in _BEFORE:
                connection.execute(text(statement), same)
    finally:
        migrate("forwarder", platform.owner_url("forwarder"))
    with engine.connect() as connection:
        found = connection.execute(text("select site, status, claimed_until from deliveries"))
        assert found.all() == [("hq", "pending", None)]
    engine.dispose()
