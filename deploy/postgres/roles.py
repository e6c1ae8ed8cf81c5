"""The database, its schemas and its roles.

Each schema has an owner, which runs its migrations, and a runtime role, which reads and writes the
rows of its tables and can make, alter or drop nothing. Neither reaches another schema, and PUBLIC,
which every role belongs to, has no right left anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import psycopg
from psycopg import sql

from shared.contracts.catalog import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DATABASE: Final = "muster"
BOOTSTRAP: Final = "bootstrap"
"""The only superuser; nothing but provisioning logs in as it."""
SCHEMAS: Final = SERVICES


class Roles(NamedTuple):
    """The two roles of a schema."""

    owner: str
    runtime: str


def roles_of(schema: str) -> Roles:
    """Return the names of a schema's roles."""
    return Roles(f"muster_{schema}_owner", f"muster_{schema}")


OWNERS: Final = tuple(roles_of(schema).owner for schema in SCHEMAS)
ROLES: Final = (*OWNERS, *(roles_of(schema).runtime for schema in SCHEMAS))


def client_rules(users: Iterable[str]) -> str:
    """Return pg_hba.conf: a password for everything, and only these roles, into their database."""
    return (
        "# type  database  user  address  method\n"
        f"host all {BOOTSTRAP} 127.0.0.1/32 scram-sha-256\n"
        f"host {DATABASE} {','.join(users)} 127.0.0.1/32 scram-sha-256\n"
    )


_SCHEMA: Final = """
create schema if not exists {schema} authorization {owner};
alter schema {schema} owner to {owner};
revoke all on schema {schema} from public;
grant usage on schema {schema} to {runtime};
alter default privileges for role {owner} in schema {schema}
    grant select, insert, update, delete on tables to {runtime};
alter default privileges for role {owner} in schema {schema}
    grant usage, select on sequences to {runtime};
alter default privileges for role {owner} revoke execute on functions from public;
"""


def provision(host: str, port: int, passwords: Mapping[str, str]) -> None:
    """Make or put right everything, as the bootstrap superuser; ``passwords`` are by role."""
    password = passwords[BOOTSTRAP]
    address = f"host={host} port={port} user={BOOTSTRAP} connect_timeout=5"
    with psycopg.connect(
        f"{address} dbname=postgres", password=password, autocommit=True
    ) as connection:
        for role in ROLES:
            _make_role(connection, role, passwords[role])
        _make_database(connection)
    with psycopg.connect(f"{address} dbname={DATABASE}", password=password) as connection:
        connection.execute("revoke all on schema public from public")
        for schema in SCHEMAS:
            _make_schema(connection, schema)


def reload(host: str, port: int, password: str) -> None:
    """Let the server read its configuration again, pg_hba.conf included."""
    address = f"host={host} port={port} user={BOOTSTRAP} dbname=postgres connect_timeout=5"
    with psycopg.connect(address, password=password) as connection:
        connection.execute("select pg_reload_conf()")


def _exists(connection: psycopg.Connection, query: str, name: str) -> bool:
    return connection.execute(query.encode(), [name]).fetchone() is not None


def _make_role(connection: psycopg.Connection, role: str, password: str) -> None:
    name = sql.Identifier(role)
    if not _exists(connection, "select 1 from pg_roles where rolname = %s", role):
        connection.execute(sql.SQL("create role {}").format(name))
    # Hashed here: the password itself never reaches the server, nor its log.
    verifier = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    )
    connection.execute(
        sql.SQL(
            "alter role {} with login nosuperuser nocreatedb nocreaterole noinherit"
            " noreplication nobypassrls password {}"
        ).format(name, sql.Literal(verifier.decode()))
    )


def _make_database(connection: psycopg.Connection) -> None:
    if not _exists(connection, "select 1 from pg_database where datname = %s", DATABASE):
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
    for database in ("postgres", "template1", DATABASE):
        connection.execute(
            sql.SQL("revoke all on database {} from public").format(sql.Identifier(database))
        )
    connection.execute(
        sql.SQL("grant connect on database {} to {}").format(
            sql.Identifier(DATABASE), sql.SQL(", ").join(map(sql.Identifier, ROLES))
        )
    )


def _make_schema(connection: psycopg.Connection, schema: str) -> None:
    owner, runtime = map(sql.Identifier, roles_of(schema))
    connection.execute(
        sql.SQL(_SCHEMA).format(schema=sql.Identifier(schema), owner=owner, runtime=runtime)
    )
