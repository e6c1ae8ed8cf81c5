"""Alembic's entry: runs this schema's own revisions."""

from services.devices.models import metadata
from shared.kit.migrate import run_environment

run_environment(metadata)
