"""python -m services.attendance."""

from services.attendance.app import build
from services.attendance.settings import AttendanceSettings
from shared.kit.service import main

if __name__ == "__main__":
    main("attendance", AttendanceSettings, build)
