"""A simulated terminal in a process of its own, so that it does not slow down who reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Terminal(NamedTuple):
    """Where a simulated terminal listens."""

    host: str
    port: int


@contextmanager
def terminal(directory: Path, records: int) -> Iterator[Terminal]:
    """Run a terminal with so many records in its log."""
    spec = f"serial=BENCH{records},port=0,users=500,records={records},key=0"
    command = (
        *(sys.executable, "-m", "services.devices.simulators", "--state-dir", str(directory)),
        *("--control", "127.0.0.1:0", "--device", spec),
    )
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            yield Terminal(ready["devices"][0]["host"], ready["devices"][0]["port"])
        finally:
            process.terminate()
