"""Bring one service's schema up to date: its own Alembic lineage, under a lock, once."""

from pathlib import Path
from typing import Final

import alembic.command
from alembic import context
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, MetaData, create_engine, pool, text

_ROOT: Final = Path(__file__).resolve().parents[2]
_LOCK: Final = 0x6D757374
"""An arbitrary number that every migrator of this database agrees on."""


def config_of(service: str) -> Config:
    """Return Alembic's configuration of one service."""
    config = Config()
    config.set_main_option("script_location", str(_ROOT / "services" / service / "migrations"))
    config.attributes["service"] = service
    return config


def heads_of(service: str) -> list[str]:
    """Return the newest revisions of a service; there must be exactly one."""
    return list(ScriptDirectory.from_config(config_of(service)).get_heads())


def migrate(service: str, url: URL) -> None:
    """Upgrade a service's schema to its head, as the role in the URL, which owns the schema."""
    config = config_of(service)
    config.attributes["url"] = url
    alembic.command.upgrade(config, "head")


def run_environment(metadata: MetaData) -> None:
    """Run the revisions; each service's migrations/env.py is one call of this."""
    service: str = context.config.attributes["service"]
    engine = create_engine(
        context.config.attributes["url"],
        poolclass=pool.NullPool,
        connect_args={"options": f"-c search_path={service}", "connect_timeout": 5},
    )
    with engine.begin() as connection:
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        context.configure(
            connection=connection,
            target_metadata=metadata,
            version_table_schema=service,
            include_schemas=False,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()
