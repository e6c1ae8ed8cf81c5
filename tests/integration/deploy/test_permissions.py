"""Every user of the broker against every subject: allowed exactly when the table says so.

What is expected here is read from the catalog in another way than the permissions are made.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client

from deploy.local.layout import Layout
from deploy.nats.accounts import streams_of, users_of
from shared.contracts import catalog, streams, subjects
from tests.conftest import SITES, Platform
from tests.integration.deploy.alone import nats_alone

_SITES = tuple(SITES)
USERS = tuple(user.name for user in users_of(_SITES) if user.name != "provisioner")
KEY = "7"


def role_and_site(user: str) -> tuple[str, str | None]:
    role, _, site = user.partition("-")
    return role, site or None


def places(subject: str) -> list[tuple[str, str | None]]:
    """A subject's instances, each with the site it belongs to."""
    if catalog.SITE not in subject:
        return [(subject.replace("*", KEY), None)]
    return [(subject.replace(catalog.SITE, site).replace("*", KEY), site) for site in _SITES]


def concerns(user: str, roles: Iterable[str], site: str | None) -> bool:
    role, own = role_and_site(user)
    return role in roles and (own is None or site is None or own == site)


class Probe:
    """One user's connection that notes what the broker forbids it."""

    def __init__(self, client: Client, denied: set[str]) -> None:
        self.client = client
        self._denied = denied

    async def denied(self) -> set[str]:
        """What was forbidden since the last time, after the broker has read everything."""
        # nats-py writes the ping of a flush ahead of what it has not written yet.
        await self.client.flush()
        await self.client.flush()
        found = set(self._denied)
        self._denied.clear()
        return found

    async def may_publish(self, subjects_: Iterable[str], body: bytes = b"{}") -> set[str]:
        asked = set(subjects_)
        for subject in asked:
            await self.client.publish(subject, body)
        denied = await self.denied()
        return {subject for subject in asked if subject.lower() not in denied}

    async def may_subscribe(self, subjects_: Iterable[str]) -> set[str]:
        asked = set(subjects_)
        for subject in asked:
            await self.client.subscribe(subject)
        denied = await self.denied()
        return {subject for subject in asked if subject.lower() not in denied}


@asynccontextmanager
async def probe(url: str, seed_file: Path, user: str) -> AsyncIterator[Probe]:
    denied: set[str] = set()

    async def note(error: Exception) -> None:
        # nats-py writes the whole error in small letters.
        denied.add(str(error).partition('"')[2].partition('"')[0].lower())

    client = await nats.connect(
        url, nkeys_seed=str(seed_file), inbox_prefix=f"_INBOX_{user}", error_cb=note
    )
    try:
        yield Probe(client, denied)
    finally:
        await client.close()


@pytest.fixture(params=USERS)
async def user(request: pytest.FixtureRequest, platform: Platform) -> AsyncIterator[str]:
    yield request.param
    await platform.clean()


def connected(platform: Platform, user: str) -> AbstractAsyncContextManager[Probe]:
    return probe(platform.servers.nats_url, platform.servers.seed_file(user), user)


async def test_publishes_what_the_table_lets_it(platform: Platform, user: str) -> None:
    expected, asked = set(), set()
    said = [(each.subject, each.publishers) for each in catalog.EVENTS]
    said += [(each.subject, each.askers) for each in catalog.QUESTIONS]
    for template, who in said:
        for subject, site in places(template):
            asked.add(subject)
            if concerns(user, who, site):
                expected.add(subject)
    for bucket in streams.BUCKETS:
        asked.add(bucket.subject(KEY))
        if user == bucket.writer:
            expected.add(bucket.subject(KEY))
    async with connected(platform, user) as asking:
        assert await asking.may_publish(asked) == expected


async def test_hears_what_the_table_lets_it(platform: Platform, user: str) -> None:
    """What a stream holds is read through a consumer, so nobody may subscribe to it."""
    expected, asked = set(), {">", "evt.>", "cmd.>", "ctl.>", "rpc.>", "$KV.>", "$JS.>", "$SYS.>"}
    for channel in catalog.EVENTS:
        for subject, site in places(channel.subject):
            asked.add(subject)
            if channel.stream is None and concerns(user, channel.readers, site):
                expected.add(subject)
    for question in catalog.QUESTIONS:
        for subject, site in places(question.subject):
            asked.add(subject)
            if concerns(user, (question.service,), site):
                expected.add(subject)
    for other in USERS:
        asked.add(f"_INBOX_{other}.x")
    expected.add(f"_INBOX_{user}.x")
    async with connected(platform, user) as asking:
        assert await asking.may_subscribe(asked) == expected


async def test_pulls_from_its_own_consumers_only(platform: Platform, user: str) -> None:
    role, own = role_and_site(user)
    expected, asked = set(), set()
    for spec in streams_of(_SITES):
        for consumer in spec.consumers:
            subject = f"$JS.API.CONSUMER.MSG.NEXT.{spec.name}.{consumer.durable}"
            asked.add(subject)
            if consumer.durable == user:
                expected.add(subject)
    for site in _SITES:
        spec = streams.operation_stream(site)
        device = streams.device_consumer(site, 7)
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{spec.name}.{device.durable}"
        asked.add(subject)
        if role == "agent" and own == site:
            expected.add(subject)
    async with connected(platform, user) as asking:
        assert await asking.may_publish(asked, b"not a request") == expected


async def test_reads_the_buckets_it_reads_or_writes(platform: Platform, user: str) -> None:
    asked = {f"$JS.API.STREAM.MSG.GET.{spec.name}" for spec in streams_of(_SITES)}
    expected = {
        f"$JS.API.STREAM.MSG.GET.{bucket.stream}"
        for bucket in streams.BUCKETS
        if user in (bucket.writer, *bucket.readers)
    }
    async with connected(platform, user) as asking:
        assert await asking.may_publish(asked, b"not a request") == expected


async def test_administers_nothing(platform: Platform, user: str) -> None:
    """But the registry: it makes and removes consumers of operations, and what waits for them."""
    asked = {"$SYS.REQ.SERVER.PING.JSZ", "$SYS.REQ.SERVER.PING", "$JS.API.STREAM.NAMES"}
    expected = set()
    for spec in streams_of(_SITES):
        for verb in ("CREATE", "UPDATE", "DELETE", "PURGE", "MSG.DELETE", "SNAPSHOT", "RESTORE"):
            asked.add(f"$JS.API.STREAM.{verb}.{spec.name}")
        for verb in ("CREATE", "DURABLE.CREATE", "DELETE", "PAUSE", "RESET"):
            asked.add(f"$JS.API.CONSUMER.{verb}.{spec.name}.x")
        if user == "devices" and spec.name.startswith("OPERATION_"):
            for verb in ("CREATE", "DURABLE.CREATE", "DELETE"):
                expected.add(f"$JS.API.CONSUMER.{verb}.{spec.name}.x")
            expected.add(f"$JS.API.STREAM.PURGE.{spec.name}")
    async with connected(platform, user) as asking:
        assert await asking.may_publish(asked, b"not a request") == expected


def test_only_the_provisioner_holds_everything() -> None:
    wide = {">", "*", "$JS.>", "$JS.API.>", "$KV.>", "$SYS.>", "evt.>", "cmd.>"}
    mighty = {user.name for user in users_of(_SITES) if wide & {*user.publish, *user.subscribe}}
    assert mighty == {"provisioner"}


async def test_an_answer_goes_to_who_asks_and_nowhere_else(platform: Platform) -> None:
    """An agent that names a bucket as the place for its answer does not write there."""
    question = subjects.rpc_of_site("devices", "roster", "hq")
    async with connected(platform, "devices") as devices, connected(platform, "agent-hq") as agent:
        answers = await devices.client.subscribe(question)
        await devices.client.flush()
        await agent.client.publish(question, b"{}", reply="$KV.AUTH.forged")
        await (await answers.next_msg(timeout=20)).respond(b"forged")
        assert await devices.denied() == {"$kv.auth.forged"}
        assert (await stored(platform, "KV_AUTH")) == 0


async def stored(platform: Platform, stream: str) -> int:
    seed = platform.servers.seed_file("provisioner")
    async with probe(platform.servers.nats_url, seed, "provisioner") as provisioner:
        return (await provisioner.client.jetstream().stream_info(stream)).state.messages


async def test_a_subscriber_reads_its_own_site_with_its_own_cursor(clean: Platform) -> None:
    async with connected(clean, "attendance") as attendance:
        for site in _SITES:
            for device in (1, 2):
                await attendance.client.jetstream().publish(
                    subjects.punch_recorded(site, device), b"{}"
                )
    async with connected(clean, "subscriber-hq") as subscriber:
        pull = await subscriber.client.jetstream().pull_subscribe_bind(
            consumer="subscriber-hq", stream=streams.RECORDED.name
        )
        messages = await pull.fetch(10, timeout=1)
        assert [each.subject for each in messages] == [
            subjects.punch_recorded("hq", device) for device in (1, 2)
        ]
        for each in messages:
            await each.ack_sync()
        with pytest.raises(nats.errors.TimeoutError):
            await pull.fetch(1, timeout=0.2)


async def forge(url: str, seeds: Layout) -> int:
    """Let a subscriber ask the broker to answer at the subject of a punch; return how many did."""
    forged = subjects.punch_read("hq", 1)
    async with probe(url, seeds.seed("attendance"), "attendance") as attendance:
        await attendance.client.jetstream().publish(subjects.punch_recorded("hq", 1), b"{}")
    async with probe(url, seeds.seed("subscriber-hq"), "subscriber-hq") as subscriber:
        pull = f"$JS.API.CONSUMER.MSG.NEXT.{streams.RECORDED.name}.subscriber-hq"
        await subscriber.client.publish(pull, b"1", reply=forged)
        await subscriber.client.flush()
    async with probe(url, seeds.seed("provisioner"), "provisioner") as provisioner:
        js = provisioner.client.jetstream()
        for _ in range(20):
            if found := (await js.stream_info(streams.PUNCH.name)).state.messages:
                return found
            await asyncio.sleep(0.02)
        return 0


async def test_a_subscriber_cannot_make_the_broker_forge_a_punch(clean: Platform) -> None:
    assert await forge(clean.servers.nats_url, clean.servers.layout) == 0


async def test_without_an_account_of_its_own_it_could(tmp_path: Path) -> None:
    """Control: the same user, with the same permissions, in our account."""
    async with nats_alone(tmp_path, ["hq"]) as (server, url):
        await server.stop()
        config_file = tmp_path / "nats" / "nats-server.conf"
        config = json.loads(config_file.read_text())
        ours, theirs = config["accounts"]["APP"], config["accounts"].pop("OUTSIDE_hq")
        ours["users"] += theirs["users"]
        ours["exports"] = []
        config_file.write_text(json.dumps(config))
        await server.start()
        assert await forge(url, Layout(tmp_path)) == 1
