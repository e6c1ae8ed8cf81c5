"""Each version of the schema: made from the one before, which may stay in use meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, select, text
from sqlalchemy.exc import IntegrityError

from services.devices import models
from shared.kit.migrate import config_of
from tests.conftest import Platform

DEVICE = (
    "insert into devices (owner, site, name, ip, port, location, serial_number, device_serial,"
    " dialect, zone, comm_key, epoch, status, operations, created_at) values ('o', 'hq', 'Door',"
    " :ip, 4370, '', :serial, :serial, 'zk', 'UTC', 'sealed', 1, 'active', 0, now())"
    " on conflict do nothing returning id"
)
OPERATION = (
    "insert into operations (id, owner, site, device_id, n, kind, status, job_id, created_at,"
    " expires_at, attempts, read, receipted, recorded, requested_by) values (gen_random_uuid(),"
    " 'o', 'hq', :device, :n, 'read_log', :status, :n || '-job', now(), now(), 0, 0, 0, 0, 'a')"
)


@pytest.fixture
def first(clean: Platform) -> Iterator[Connection]:
    """The schema as the first version left it, with rows of its own; undone at the end."""
    options = {"options": "-c search_path=devices"}
    engine = create_engine(clean.owner_url("devices"), connect_args=options)
    with engine.connect() as connection, connection.begin() as transaction:
        models.metadata.drop_all(connection)
        upgrade(connection, "0001")
        connection.execute(text("insert into sites values ('hq', default, 'o', 'Hq', 'UTC')"))
        for n, status in ((1, "success"), (2, "pending")):
            add_device(connection, f"10.0.0.{n}", f"S-{n}")
            connection.execute(text(OPERATION), {"device": n, "n": n, "status": status})
        yield connection
        transaction.rollback()
    engine.dispose()


def upgrade(connection: Connection, revision: str) -> None:
    module = ScriptDirectory.from_config(config_of("devices")).get_revision(revision).module
    with Operations.context(MigrationContext.configure(connection)):
        module.upgrade()


def add_device(connection: Connection, ip: str, serial: str) -> int | None:
    found: int | None = connection.scalar(text(DEVICE), {"ip": ip, "serial": serial})
    return found


def test_nothing_of_the_first_version_is_lost(first: Connection) -> None:
    query = "select {} from devices d join operations o on o.device_id = d.id order by d.id"
    old = "d.*, o.*"
    before = [row._asdict() for row in first.execute(text(query.format(old)))]
    upgrade(first, "0002")
    after = [row._asdict() for row in first.execute(text(query.format(old)))]
    assert [{name: row[name] for name in before[0]} for row in after] == before
    new = "d.wire, d.removed_at, o.action, o.sealed, o.result, o.total, o.done, o.after"
    rows = {tuple(map(str, row)) for row in first.execute(text(query.format(new)))}
    assert rows == {("{}", "None", "{}", "None", "None", "0", "0", "None")}


def test_the_first_version_goes_on_writing(first: Connection) -> None:
    upgrade(first, "0002")
    assert add_device(first, "10.0.0.9", "S-9") is not None
    assert add_device(first, "10.0.0.9", "S-10") is None, "an IP is taken as before"
    assert add_device(first, "10.0.0.10", "S-9") is None, "a serial is taken as before"
    first.execute(text(OPERATION), {"device": 1, "n": 3, "status": "pending"})
    with pytest.raises(IntegrityError, match="operations_one_open"), first.begin_nested():
        first.execute(text(OPERATION), {"device": 1, "n": 4, "status": "sent"})


def test_what_was_removed_takes_neither_ip_nor_serial(first: Connection) -> None:
    upgrade(first, "0002")
    first.execute(text("update devices set removed_at = now()"))
    assert add_device(first, "10.0.0.1", "S-1") is not None
    assert add_device(first, "10.0.0.1", "S-1") is None


# ── the third ────────────────────────────────────────────────────────────────


@pytest.fixture
def second(first: Connection) -> Connection:
    """The schema as the second version left it."""
    upgrade(first, "0002")
    return first


def test_nothing_of_the_second_version_is_lost(second: Connection) -> None:
    query = "select {} from devices order by id"
    before = [row._asdict() for row in second.execute(text(query.format("*")))]
    upgrade(second, "0003")
    after = [row._asdict() for row in second.execute(text(query.format("*")))]
    assert [{name: row[name] for name in before[0]} for row in after] == before
    assert {(row["hardware"], row["address"]) for row in after} == {(None, None)}


def test_the_second_version_goes_on_writing(second: Connection) -> None:
    upgrade(second, "0003")
    assert add_device(second, "10.0.0.9", "S-9") is not None
    assert add_device(second, "10.0.0.9", "S-10") is None, "an IP is taken as before"
    second.execute(text("update devices set removed_at = now()"))
    assert add_device(second, "10.0.0.9", "S-9") is not None


def test_only_who_is_dialled_takes_an_ip(second: Connection) -> None:
    upgrade(second, "0003")
    second.execute(text("update devices set dialect = 'timmy', ip = ''"))
    assert len(second.execute(text("select 1 from devices where ip = ''")).all()) == 2


# ── the fourth ───────────────────────────────────────────────────────────────

USER = (
    "insert into device_users (device_id, user_id, owner, name, privilege, disabled, has_password,"
    " reading_id, read_at) values (1, :user, 'o', 'Ana', 'user', false, false, gen_random_uuid(),"
    " now())"
)
TEMPLATE = (
    "insert into templates (owner, device_id, user_id, finger, flag, size, sealed, read_at, n)"
    " values ('o', 1, :user, 1, 1, 5, 'sealed', now(), 1)"
)


@pytest.fixture
def third(second: Connection) -> Connection:
    """The schema as the third version left it, with people and templates."""
    upgrade(second, "0003")
    for statement in (USER, TEMPLATE):
        second.execute(text(statement), {"user": "1"})
    return second


def test_nothing_of_the_third_version_is_lost(third: Connection) -> None:
    tables = [models.operations, models.device_users, models.templates]
    queries = [select(text("*")).select_from(each) for each in tables]
    before = [row._asdict() for query in queries for row in third.execute(query)]
    upgrade(third, "0004")
    after = [row._asdict() for query in queries for row in third.execute(query)]
    kept = [{name: new[name] for name in old} for old, new in zip(before, after, strict=True)]
    assert kept == before
    added = [
        {name: new[name] for name in new if name not in old}
        for old, new in zip(before, after, strict=True)
    ]
    operation = {"said": None, "enrolment": None, "lasts_until": None, "counted": False}
    user: dict[str, object] = {"alias": None, "credentials": []}
    assert added == [operation, operation, user, {"algorithm": ""}]


def test_the_third_version_goes_on_writing(third: Connection) -> None:
    upgrade(third, "0004")
    third.execute(text(OPERATION), {"device": 1, "n": 3, "status": "pending"})
    for statement in (USER, TEMPLATE):
        third.execute(text(statement), {"user": "2"})
