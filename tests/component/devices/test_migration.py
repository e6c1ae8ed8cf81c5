"""The schema's second version: made from a first one in use, which may stay in use meanwhile."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
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
