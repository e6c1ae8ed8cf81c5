"""Property tests run beside others on a busy machine: no example has a deadline of its own."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("busy", deadline=None)
settings.load_profile("busy")
