"""The dialect as the agent knows it: what a device sent, and what it means."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from services.devices.drivers.base import Live, LogEntry, Table
from services.devices.drivers.zk.codec.layouts import layout_of
from services.devices.drivers.zk.codec.live import punch
from services.devices.drivers.zk.codec.logs import records
from shared.contracts.agents import LogLayout


class ZkDriver:
    """The ZKTeco dialect; implements ``drivers.base.Driver``."""

    @property
    def hands_over(self) -> bool:
        """Whether the device itself hands over every record until it has its answer: it does not.

        It tells of what happens once; its log has it all.
        """
        return False

    def layout(self, rows: Iterable[bytes], table: Table, now: datetime, wanted: LogLayout) -> str:
        """Return the form of a log's records; ``wanted`` itself when the log is empty."""
        return layout_of(rows, table, now, wanted)

    def log(
        self, rows: Iterable[bytes], layout: str, slots: Mapping[int, str]
    ) -> Iterator[LogEntry]:
        """Return a log's records in order."""
        return records(rows, layout, slots)

    def live(self, body: bytes, slots: Mapping[int, str]) -> Live:
        """Return the punch a live event carries."""
        return Live(entries=(punch(body, slots),))
