"""Alembic's entry: run the revisions of attendance's schema."""

from services.attendance.models import metadata
from shared.kit.migrate import run_environment

run_environment(metadata)
