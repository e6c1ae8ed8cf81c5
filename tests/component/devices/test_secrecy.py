"""Passwords, comm keys and templates: as they are, in no table, stream, log, answer or error."""

from __future__ import annotations

import base64
import logging
from collections.abc import AsyncIterator

import nats.js.errors
import pytest
from nats.js import JetStreamContext
from psycopg.sql import SQL, Identifier
from pydantic import ValidationError

from shared.contracts import catalog, streams, subjects
from shared.contracts.actions import Count, PutUser, ReadTemplates, UserDone, WriteTemplates
from shared.contracts.agents import Deposited, DepositTemplates
from shared.contracts.devices import ChangeDevice, Device, RemoveDevice
from shared.contracts.operations import Job, Operate, RetryJob
from shared.contracts.readings import Template
from shared.kit import rpc
from shared.kit.clock import SystemClock, new_id
from shared.kit.errors import MusterError
from tests.component.devices.conftest import Agent, Running, eventually, outcome_of
from tests.conftest import SITES, Platform

PIN = "71938264"
COMM_KEY = 3_141_592_653
DATA = b"<<<a fingerprint nobody may see>>>" * 3
DONE = UserDone(
    user_id="7",
    name="Ana",
    privilege="user",
    disabled=False,
    card=None,
    group=None,
    has_password=True,
)
PLANTED = {
    "password": PIN.encode(),
    "comm key": str(COMM_KEY).encode(),
    "template": b"a fingerprint nobody may see",
    "template in hex": b"a fingerprint nobody may see".hex().encode(),
    # Whatever stands before it, one of three alignments of base64 would show.
    **{
        f"template in base64, {shift}": base64.b64encode(b"-" * shift + DATA)[8:40]
        for shift in range(3)
    },
}


async def tables(platform: Platform) -> AsyncIterator[tuple[str, bytes]]:
    """Every row of the registry's schema, as text."""
    async with await platform.superuser() as connection:
        query = "select tablename from pg_tables where schemaname = 'devices'"
        for (name,) in await (await connection.execute(query)).fetchall():
            rows = SQL("select t::text from devices.{} t").format(Identifier(str(name)))
            for (row,) in await (await connection.execute(rows)).fetchall():
                yield f"table {name}", str(row).encode()


async def messages(js: JetStreamContext) -> AsyncIterator[tuple[str, bytes]]:
    """Every message that lies in any stream, with its subject and headers."""
    names = [spec.name for spec in streams.STREAMS]
    names += [streams.operation_stream(site).name for site in SITES]
    for name in names:
        state = (await js.stream_info(name)).state
        for number in range(state.first_seq, state.last_seq + 1):
            try:
                message = await js.get_msg(name, number)
            except nats.js.errors.NotFoundError:
                continue
            said = f"{message.subject} {message.headers}".encode()
            yield f"stream {name}", said + (message.data or b"")


def found_in(where: str, text: bytes) -> list[str]:
    return [f"{what} in {where}" for what, planted in PLANTED.items() if planted in text]


async def told_wrong(registry: Running, agent: Agent, device: Device) -> list[str]:
    """Every way of sending a secret that is refused; what the errors say."""
    where = subjects.rpc_of_site("devices", "deposit", "hq")
    good = Template(user_id="7", finger=1, data=DATA)
    said = DepositTemplates(
        operation_id=new_id(),
        device_id=device.id,
        read_at=SystemClock().now(),
        templates=(good, good.model_copy(update={"finger": 12})),
    )
    put = PutUser.model_validate({"user_id": "7", "create": True, "password": PIN})
    long = put.model_copy(update={"user_id": "!", "name": PIN * 20})
    smuggled = WriteTemplates(user_id="7", templates=(good,))
    errors = []
    for ask in (
        rpc.ask(agent.bus, catalog.DEPOSIT_TEMPLATES, said, Deposited, subject=where),
        agent.gives_templates(device, new_id(), good),
        registry.operate(device, long),
        registry.operate(device, smuggled),
        registry.operate(device.model_copy(update={"id": 999}), put),
    ):
        with pytest.raises(MusterError) as caught:
            await ask
        errors.append(f"{caught.value} {caught.value.problem.model_dump_json()}")
    with pytest.raises(ValidationError) as wrong:
        Operate.model_validate_json(
            f'{{"device_id": 1, "action": {{"kind": "put_user", "password": "{PIN}9"}}}}'
        )
    return [*errors, str(wrong.value)]


async def used(registry: Running, agent: Agent, device: Device) -> list[Job]:
    """Use every secret for what it is there for; the first job is left waiting."""
    for key in (COMM_KEY - 1, COMM_KEY):
        changed = ChangeDevice(device_id=device.id, comm_key=key)
        await registry.ask(catalog.CHANGE_DEVICE, changed, Device)
    put = PutUser.model_validate({"user_id": "7", "create": True, "password": PIN})
    waiting, ended = [await registry.operate(device, put) for _ in range(2)]
    await agent.begins(ended.operation_id)
    for _ in range(2):
        await agent.says(outcome_of(device, ended, "success", result=DONE))
    reads = await registry.operate(device, ReadTemplates(user_id="7"))
    await agent.begins(reads.operation_id)
    template = Template(user_id="7", finger=1, data=DATA)
    await agent.gives_templates(device, reads.operation_id, template)
    await agent.says(outcome_of(device, reads, "success", result=Count(count=1)))
    writes = await registry.operate(device, WriteTemplates(user_id="7"))
    given = (await agent.begins(writes.operation_id)).action
    assert isinstance(given, WriteTemplates)
    assert [each.data.get_secret_value() for each in given.templates] == [DATA]
    return [waiting, ended, reads, writes]


async def test_secrets_are_nowhere_as_they_are(
    registry: Running, agent: Agent, clean: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    device = await registry.register("10.0.0.1", comm_key=COMM_KEY)
    jobs = await used(registry, agent, device)
    errors = await told_wrong(registry, agent, device)
    await _settled(registry)

    answers = [(await registry.job(each.job_id)).model_dump_json() for each in jobs]
    places = [each async for each in tables(clean)]
    places += [each async for each in messages(registry.provisioner.js)]
    places += [("an error or answer", each.encode()) for each in (*errors, *answers)]
    places += [("the logs", caplog.text.encode())]
    assert "says nothing new" in caplog.text, "the logs are heard"
    assert {"table operations", "table templates", "table data_keys"} < {each for each, _ in places}
    assert sum(where == "stream OPERATION_hq" for where, _ in places) == len(jobs)
    assert [leak for where, text in places for leak in found_in(where, text)] == []


async def test_secrets_end_with_what_they_were_for(registry: Running, agent: Agent) -> None:
    device = await registry.register("10.0.0.1", comm_key=COMM_KEY)
    waiting, *_ = await used(registry, agent, device)
    kept = "select id from operations where sealed <> ''"

    async def one_waits() -> bool:
        return [each.id for each in await registry.rows(kept)] == [waiting.operation_id]

    await eventually(one_waits)
    await registry.ask(catalog.REMOVE_DEVICE, RemoveDevice(device_id=device.id), Device)
    assert await registry.rows(kept) == []
    assert await registry.rows("select 1 from templates") == []


async def _settled(registry: Running) -> None:
    async def so() -> bool:
        return await registry.rows("select 1 from outbox") == []

    await eventually(so)


def test_the_search_finds_what_is_there() -> None:
    """The control: planted in any of its forms, a secret is found."""
    for shift in range(3):
        assert found_in("x", base64.b64encode(b"?" * shift + DATA)) != []
    for text in (PIN, str(COMM_KEY), DATA.decode(), DATA.hex()):
        assert found_in("x", f"before {text} after".encode()) != []


async def test_a_job_that_is_tried_again_has_no_secret_left(
    registry: Running, agent: Agent
) -> None:
    device = await registry.register()
    put = PutUser.model_validate({"user_id": "7", "create": True, "password": PIN})
    job = await registry.operate(device, put)
    await agent.says(outcome_of(device, job, "failed"))
    await registry.job_when(job, lambda each: each.status == "failed")
    with pytest.raises(MusterError, match="password was not kept"):
        await registry.ask(catalog.RETRY_JOB, RetryJob(job_id=job.job_id), Job)
