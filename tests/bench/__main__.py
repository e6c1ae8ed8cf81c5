"""Run the figures: python -m tests.bench [--records N] [--pyzk N]."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table as Screen
from zk import ZK

from services.devices.agent.links.catalog import dialled
from services.devices.agent.staging import StagedLog, Staging
from services.devices.drivers.catalog import DRIVERS
from shared.contracts.agents import RosterDevice
from shared.kit.clock import SystemClock
from tests.bench import floor
from tests.bench.terminal import Terminal, terminal

_RUNS = 5
_UNLOCKS = 60
_DRIVER = DRIVERS["zk"]


class Figure(NamedTuple):
    """One line: what took how long, beside what took how long."""

    name: str
    seconds: float
    beside: str
    other: float
    goal: str

    @property
    def ratio(self) -> float:
        """How many times as long as the other."""
        return self.seconds / self.other


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--records", type=int, default=100_000, help="of the log that is read")
    parser.add_argument("--pyzk", type=int, default=100_000, help="of the log that pyzk reads")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        figures = list(_figures(Path(name), options.records, options.pyzk))
    _show(figures, options.records)


def _figures(directory: Path, records: int, of_pyzk: int) -> Iterator[Figure]:
    with terminal(directory / "terminal", records) as device:
        table = _said("raw socket read", lambda: _floor_log(device))
        yield _decode(table)
        raw = _best(lambda: _floor_log(device))
        ours = _best(lambda: asyncio.run(_pull(device, directory / "agent")))
        yield Figure("log: read, checked, staged", ours, "raw socket read", raw, "")
        whole = _best(lambda: asyncio.run(_pull(device, directory / "agent", decoded=True)))
        floor_whole = raw + _best(lambda: floor.unpack(table))
        yield Figure(
            "the same, decoded and numbered", whole, "raw read, struct unpack", floor_whole, ""
        )
        yield asyncio.run(_unlocks(device))
    with terminal(directory / "other", of_pyzk) as device:
        ours = _best(lambda: asyncio.run(_pull(device, directory / "agent", decoded=True)))
        peer = _said(f"pyzk, {of_pyzk:,} records", lambda: _once(lambda: _pyzk(device)))
        yield Figure(f"{of_pyzk:,} records, decoded", ours, "pyzk get_attendance", peer, "")


def _decode(table: bytes) -> Figure:
    rows = (table[4:],)

    def decode() -> None:
        for _ in _DRIVER.log(rows, "40", {}):
            pass

    return Figure(
        "decode of the log, in memory",
        _best(decode),
        "struct unpack alone",
        _best(lambda: floor.unpack(table)),
        "≤ 0.15 s",
    )


def _floor_log(device: Terminal) -> bytes:
    wire = floor.Wire(device)
    try:
        return wire.log()
    finally:
        wire.close()


async def _pull(device: Terminal, directory: Path, *, decoded: bool = False) -> None:
    link = dialled(_roster(device), SystemClock())
    stage = Staging(directory).stage()
    try:
        await link.open()
        table = await link.log(stage.keep)
        stage.seal(table)
        if decoded:
            now = SystemClock().now().replace(tzinfo=None)
            layout = _DRIVER.layout(stage, table, now, "auto")
            log = StagedLog(stage, table.size, lambda: _DRIVER.log(stage, layout, {}))
            while not log.part().last:
                pass
    finally:
        stage.remove()
        await link.close()


async def _unlocks(device: Terminal) -> Figure:
    """Unlock again and again while logs are being read, and beside it on an idle connection."""
    clock = SystemClock()
    busy = dialled(_roster(device), clock)
    idle = dialled(_roster(device), clock)
    await busy.open()
    await idle.open()
    try:
        reading = asyncio.ensure_future(_forever(lambda: busy.log(_forget)))
        during = [await _timed(lambda: busy.unlock(1, clock.boottime() + 5)) for _ in _range()]
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        alone = [await _timed(lambda: idle.unlock(1, clock.boottime() + 5)) for _ in _range()]
    finally:
        await busy.close()
        await idle.close()
    return Figure(
        f"unlock while a log is read, p99 of {_UNLOCKS}",
        _p99(during),
        "idle connection",
        _p99(alone),
        "≤ +25 ms",
    )


def _range() -> Iterator[int]:
    return iter(_said("unlocks", lambda: range(_UNLOCKS)))


async def _forever(what: Callable[[], Coroutine[Any, Any, object]]) -> None:
    while True:
        await what()


async def _timed(what: Callable[[], Coroutine[Any, Any, object]]) -> float:
    began = time.perf_counter()
    await what()
    return time.perf_counter() - began


def _forget(piece: bytes) -> None:
    del piece


def _p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98]


def _pyzk(device: Terminal) -> None:
    connection = ZK(device.host, device.port, timeout=60, ommit_ping=True).connect()
    try:
        assert connection.get_attendance()
    finally:
        connection.disconnect()


def _roster(device: Terminal) -> RosterDevice:
    return RosterDevice(
        device_id=1,
        owner="0" * 24,
        dialect="zk",
        host=device.host,
        port=device.port,
        comm_key=0,
        zone="UTC",
        epoch=1,
        serial="BENCH",
    )


def _best(what: Callable[[], object]) -> float:
    return min(_once(what) for _ in range(_RUNS))


def _once(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


@contextmanager
def _progress(name: str) -> Iterator[None]:
    sys.stderr.write(f"… {name}\n")
    yield


def _said(name: str, what: Callable[[], Any]) -> Any:
    with _progress(name):
        return what()


def _show(figures: list[Figure], records: int) -> None:
    screen = Screen(title=f"{records:,} records of 40 bytes over loopback; best of {_RUNS} runs")
    for title in ("figure", "seconds", "beside", "seconds", "ratio", "goal"):
        screen.add_column(title, justify="left" if title in {"figure", "beside"} else "right")
    for each in figures:
        numbers = (f"{each.seconds:.4f}", f"{each.other:.4f}", f"{each.ratio:.3f}")
        screen.add_row(each.name, numbers[0], each.beside, numbers[1], numbers[2], each.goal)
    Console(width=120).print(screen)


if __name__ == "__main__":
    main()
