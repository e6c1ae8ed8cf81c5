"""Logs that are POSTed in a device's name."""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, ConfigDict, Field, SecretStr, WithJsonSchema

from services.gateway.routes.examples import example
from services.gateway.routes.shapes.fields import Strict
from services.gateway.routes.timmy.shapes.fields import NOBODY, BodySerial, EnrollId
from shared.contracts.devices import LOG_LIMIT, PostedRecord, TakeLog

RECORDS: Final = 2000
"""The most records of one body."""
_LONG: Final = 256
"""Texts beyond are photos; only their digest stays."""
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[Z+.-].*)?")
_NO_TIME: Final = "must be the device's wall clock, such as 2025-11-08T09:00:00"
_ZONED: Final = "must be the device's wall clock, without a zone: leave out Z or the offset"
_Code = Annotated[int, Field(ge=-(2**31), lt=2**31)] | None


def _wall_clock(sent: object) -> object:
    if not isinstance(sent, str) or not _TIME.fullmatch(sent):
        raise ValueError(_NO_TIME)
    try:
        moment = datetime.fromisoformat(sent)
    except ValueError:
        raise ValueError(_NO_TIME) from None
    if moment.tzinfo:
        raise ValueError(_ZONED)
    return moment


WallClock = Annotated[
    datetime,
    BeforeValidator(_wall_clock),
    WithJsonSchema({"type": "string", "format": "wall-clock", "examples": ["2025-11-08T09:00:00"]}),
]


class Record(Strict):
    """One record, as devices write them; what else it has is kept with it."""

    model_config = ConfigDict(extra="allow")

    enrollid: EnrollId
    time: WallClock
    mode: _Code = None
    inout: _Code = None
    event: _Code = None

    def asking(self) -> PostedRecord:
        """Return the record in the registry's words, with all that was sent."""
        return PostedRecord(
            user_id=self.enrollid,
            device_time=self.time,
            verify=self.mode,
            state=self.inout,
            event=self.event,
            raw=_line(self.model_dump(mode="json", exclude_none=True)),
        )


def _line(sent: dict[str, Any]) -> bytes:
    kept = {name: _short(value) for name, value in sent.items()}
    return json.dumps(kept, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _short(value: Any) -> Any:
    text = value if isinstance(value, str) else json.dumps(value)
    if len(text) <= _LONG:
        return value
    data = text.encode()
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


class PostedLog(Strict):
    """Records of one device."""

    model_config = example(
        sn="ZXRE06022863", record=[{"enrollid": 2, "time": "2025-11-08T09:00:00"}]
    )

    sn: BodySerial
    record: Annotated[list[Record], Field(min_length=1, max_length=RECORDS)]
    token: Annotated[SecretStr, Field(max_length=256)] | None = None
    """Of the device's own path, where it has one; the header X-Device-Token is the same."""

    def parts(self, token: str | None) -> Iterator[TakeLog]:
        """Return the questions to the registry, so many records in each as it takes.

        What doors tell, and faces that nobody knows, are no punches and left out.
        """
        records = tuple(each.asking() for each in self.record if each.enrollid not in NOBODY)
        secret = SecretStr(token) if token else self.token
        for start in range(0, len(records), LOG_LIMIT):
            yield TakeLog(serial=self.sn, token=secret, records=records[start : start + LOG_LIMIT])
