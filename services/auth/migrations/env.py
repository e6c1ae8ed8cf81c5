"""Alembic's way in: the kit runs this schema's revisions."""

from services.auth.models import metadata
from shared.kit.migrate import run_environment

run_environment(metadata)
