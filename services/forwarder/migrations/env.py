"""Alembic's entry: run the revisions of the forwarder's schema."""

from services.forwarder.models import metadata
from shared.kit.migrate import run_environment

run_environment(metadata)
