"""Postgres lets nobody in without a password, and each role only into its own schema."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from deploy.local import credentials, postgres
from deploy.local.layout import Layout
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.servers import Server
from deploy.postgres import roles
from tests.conftest import Platform

DENIED = psycopg.errors.InsufficientPrivilege


def connect(
    platform: Platform, role: str, password: str | None = None, database: str = roles.DATABASE
) -> psycopg.Connection:
    if password is None:
        password = platform.servers.password_file(role).read_text()
    return psycopg.connect(
        host=LOOPBACK,
        port=platform.servers.postgres_port,
        user=role,
        password=password,
        dbname=database,
        autocommit=True,
    )


def ask(connection: psycopg.Connection, statement: str, schema: str) -> None:
    connection.execute(sql.SQL(statement).format(sql.Identifier(schema)))


@pytest.fixture(scope="module")
def probes(platform: Platform) -> Iterator[None]:
    """A table made by its owner in every schema."""
    for schema in roles.SCHEMAS:
        with connect(platform, roles.roles_of(schema).owner) as owner:
            ask(owner, "create table {}.probe (id serial primary key, note text)", schema)
    yield
    for schema in roles.SCHEMAS:
        with connect(platform, roles.roles_of(schema).owner) as owner:
            ask(owner, "drop table {}.probe", schema)


@pytest.mark.parametrize("role", [roles.BOOTSTRAP, *roles.ROLES])
@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_role_without_its_password_is_refused(
    platform: Platform, role: str, password: str
) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        connect(platform, role, password)


@pytest.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[tuple[Layout, int, Server]]:
    """A cluster with all roles, which nobody was let into yet."""
    layout, port = Layout(tmp_path), free_port()
    passwords = credentials.passwords(layout)
    postgres.prepare(layout, port)
    server = Server(postgres.process(layout, port), tmp_path / "postgres.log")
    await server.start()
    roles.provision(LOOPBACK, port, passwords)
    yield layout, port, server
    await server.stop()


async def test_the_refusal_is_the_work_of_our_rules(fresh: tuple[Layout, int, Server]) -> None:
    """Control: with the rules that the wheel would have written, anybody is let in."""
    layout, port, server = fresh
    await server.stop()
    (layout.postgres / "pg_hba.conf").write_text("host all all 127.0.0.1/32 trust\n")
    await server.start()
    psycopg.connect(host=LOOPBACK, port=port, user=roles.BOOTSTRAP, dbname="postgres").close()


async def test_services_wait_outside_until_they_are_admitted(
    fresh: tuple[Layout, int, Server],
) -> None:
    """And it does not look like a wrong password, which services give up on."""
    layout, port, _ = fresh
    role = roles.roles_of("auth").runtime
    where = f"host={LOOPBACK} port={port} user={role} dbname={roles.DATABASE}"
    password = layout.password(role).read_text()
    with pytest.raises(psycopg.OperationalError, match="pg_hba") as refused:
        psycopg.connect(where, password=password)
    assert "password" not in str(refused.value)
    postgres.admit(layout, port)
    async with asyncio.timeout(5):
        while True:
            try:
                psycopg.connect(where, password=password).close()
            except psycopg.OperationalError:
                await asyncio.sleep(0.05)
            else:
                break


@pytest.mark.usefixtures("probes")
@pytest.mark.parametrize("schema", roles.SCHEMAS)
@pytest.mark.parametrize("of", roles.SCHEMAS)
def test_runtime_role_works_with_rows_of_its_own_schema_only(
    platform: Platform, of: str, schema: str
) -> None:
    rows = (
        "insert into {}.probe (note) values ('x')",
        "select * from {}.probe",
        "update {}.probe set note = 'y'",
        "delete from {}.probe",
    )
    never = (
        "create table {}.mine (id int)",
        "alter table {}.probe add column more text",
        "truncate {}.probe",
        "drop table {}.probe",
    )
    with connect(platform, roles.roles_of(of).runtime) as connection:
        for statement in rows:
            if of == schema:
                ask(connection, statement, schema)
            else:
                with pytest.raises(DENIED):
                    ask(connection, statement, schema)
        for statement in never:
            with pytest.raises(DENIED):
                ask(connection, statement, schema)


@pytest.mark.usefixtures("probes")
@pytest.mark.parametrize("schema", roles.SCHEMAS)
@pytest.mark.parametrize("of", roles.SCHEMAS)
def test_owner_makes_tables_in_its_own_schema_only(
    platform: Platform, of: str, schema: str
) -> None:
    with connect(platform, roles.roles_of(of).owner) as connection:
        if of == schema:
            ask(connection, "create table {}.mine (id int)", schema)
            ask(connection, "drop table {}.mine", schema)
            return
        for statement in ("create table {}.mine (id int)", "select * from {}.probe"):
            with pytest.raises(DENIED):
                ask(connection, statement, schema)


@pytest.mark.parametrize("role", roles.ROLES)
def test_nothing_is_left_to_everybody(platform: Platform, role: str) -> None:
    with connect(platform, role) as connection:
        for statement in ("create temp table t (id int)", "create table public.t (id int)"):
            with pytest.raises(DENIED):
                connection.execute(statement)
        for other in roles.ROLES:
            if other != role:
                with pytest.raises(DENIED):
                    connection.execute(sql.SQL("set role {}").format(sql.Identifier(other)))
    with pytest.raises(psycopg.OperationalError, match="pg_hba"):
        connect(platform, role, database="postgres")


async def test_only_the_bootstrap_role_is_mighty(platform: Platform) -> None:
    query = (
        "select rolname from pg_roles where rolcanlogin and (rolsuper or rolcreaterole"
        " or rolcreatedb or rolreplication or rolbypassrls)"
    )
    async with await platform.superuser() as connection:
        rows = await (await connection.execute(query)).fetchall()
    assert rows == [(roles.BOOTSTRAP,)]


def test_provisioning_again_changes_nothing_and_mends_a_password(platform: Platform) -> None:
    passwords = credentials.passwords(platform.servers.layout)
    role = roles.roles_of("auth").runtime
    roles.provision(
        LOOPBACK, platform.servers.postgres_port, {**passwords, role: "for a moment only"}
    )
    connect(platform, role, "for a moment only").close()
    roles.provision(LOOPBACK, platform.servers.postgres_port, passwords)
    connect(platform, role).close()


@pytest.fixture(params=["_NAMESPACE", "_OTHER_USER"])
async def hidden_cluster(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Server]:
    """A cluster made by root below a folder that no other user may enter."""
    identity = getattr(postgres, request.param)
    if os.geteuid() != 0:
        pytest.skip("only root has to become somebody else")
    try:
        postgres._run((*identity.prefix, "true"))
    except (postgres.PostgresError, OSError):
        pytest.skip("this system does not allow it")
    monkeypatch.setattr(postgres, "_identity", lambda: identity)
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    layout, port = Layout(home), free_port()
    credentials.passwords(layout)
    postgres.prepare(layout, port)
    server = Server(postgres.process(layout, port), home / "postgres.log")
    yield server
    await server.stop()


async def test_root_can_run_it_in_either_way(hidden_cluster: Server) -> None:
    await hidden_cluster.start()
    await hidden_cluster.kill()
    await hidden_cluster.start()
