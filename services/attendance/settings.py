"""What attendance is told; the only place of it that reads the environment."""

from shared.kit.settings import DatabaseSettings


class AttendanceSettings(DatabaseSettings):
    """The settings of attendance: those of every service with a schema."""
