"""Secrets as files that only their owner can read, made once and kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def ensure(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return the secret in the file; when there is none yet, make it and keep it, mode 0600."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.new")
        unfinished.unlink(missing_ok=True)
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(handle)
        # Half a secret would lock everybody out for good: it appears whole or not at all.
        unfinished.replace(path)
    return path.read_bytes()
