"""One runner a data directory."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class LockedError(Exception):
    """Another runner has the directory; the sentence says what to do."""


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock file; the kernel gives it back however this process ends."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            msg = (
                f"another runner (process {file.read().strip()}) uses {path.parent}: stop it,"
                " or set MUSTER_DATA_DIR to another folder and give it other ports"
            )
            raise LockedError(msg) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
