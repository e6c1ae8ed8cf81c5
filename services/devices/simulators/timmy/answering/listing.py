"""Commands that list: people page by page, records page by page.

Source: sections 1.7 and 1.8 of the protocol notes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from services.devices.simulators.faults import Fault
from services.devices.simulators.timmy import telling
from services.devices.simulators.timmy.answering.request import NO_DATA, RefusedError, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from services.devices.simulators.timmy.answering.request import Fields, Request
    from services.devices.simulators.timmy.firmware import Firmware
    from services.devices.simulators.truth import Punch

_USERS: Final = 40
_RECORDS: Final = 50
_NUMBER = re.compile(r"\d+")
_NO_LOGS: Final = "can not find logs"


def get_user_list(firmware: Firmware, request: Request) -> Fields:
    """Return a page of credentials without their records."""
    held = firmware.device.credentials
    hidden = firmware.has(Fault.EMPTY_LIST)
    rows, header = _page(firmware, request, _USERS, lambda: [] if hidden else held.rows())
    if not rows and firmware.has(Fault.NO_DATA):
        raise RefusedError(NO_DATA)
    record = [
        {"enrollid": row.enrollid, "admin": row.person.admin, "backupnum": row.slot} for row in rows
    ]
    return {**header, "record": record}


def get_all_users(firmware: Firmware, request: Request) -> Fields:
    """Return one credential a reply, with its record."""
    rows = firmware.device.credentials.rows()
    page, header = firmware.cursors.page("getallusers", 1, lambda: rows, rewind=_rewinds(request))
    if not page:
        raise RefusedError(NO_DATA)
    return {"index": header["from"], "count": len(rows), **telling.credential(page[0])}


def get_all_log(firmware: Firmware, request: Request) -> Fields:
    """Return a page of the log, of the days from `from` to `to` where they are given."""
    low, high = _numbers(request.get("from")), _numbers(request.get("to"))

    def wanted() -> list[Punch]:
        log = firmware.device.truth.log
        if not low and not high:
            return log
        return [punch for punch in log if low <= punch.six()[: len(low)] and _until(punch, high)]

    return _records(firmware, request, wanted)


def get_new_log(firmware: Firmware, request: Request) -> Fields:
    """Return a page of what no server has acknowledged; what is read counts as handed over."""
    device = firmware.device
    fields = _records(firmware, request, lambda: device.unsent)
    device.truth.hand(device.truth.handed + len(fields["record"]))
    return fields


def clean_log(firmware: Firmware, _: Request) -> Fields:
    """Empty the log, whoever has read it."""
    firmware.device.clear_log()
    return {}


def _records(firmware: Firmware, request: Request, rows: Callable[[], Sequence[Punch]]) -> Fields:
    page, header = _page(firmware, request, _RECORDS, rows)
    if not page and firmware.has(Fault.NO_DATA):
        raise RefusedError(_NO_LOGS)
    return {**header, "record": [telling.record(firmware.device, punch) for punch in page]}


def _page(
    firmware: Firmware, request: Request, usual: int, rows: Callable[[], Sequence[Any]]
) -> tuple[Sequence[Any], dict[str, int]]:
    if not firmware.device.traits.modern or "page" not in request:
        name, rewind = str(request["cmd"]), _rewinds(request)
        return firmware.cursors.page(name, usual, rows, rewind=rewind)
    size = number({"pagesize": usual, **request}, "pagesize")
    everything = rows()
    first = max(number(request, "page") - 1, 0) * size
    page = everything[first : first + size]
    return page, firmware.cursors.header(first, len(page), len(everything))


def _rewinds(request: Request) -> bool:
    # Some servers write 1 for true.
    return bool(request.get("stn"))


def _numbers(limit: object) -> tuple[int, ...]:
    return tuple(map(int, _NUMBER.findall(limit))) if isinstance(limit, str) else ()


def _until(punch: Punch, high: tuple[int, ...]) -> bool:
    return not high or punch.six()[: len(high)] <= high
