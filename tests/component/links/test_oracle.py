"""pyzk, the library itself, and our own driver agree on every table of a simulated terminal.

pyzk is a second reading of the protocol, by people who had terminals. Where it is known to be wrong
the test says so, and compares what is left.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import pytest
from zk import ZK

from services.devices.simulators.zk.server import ZkServer
from shared.contracts.actions import Info, ReadInfo
from tests.component.links.conftest import KEY, WAYS, Site, entries, read, tell_nobody

TRANSPORTS: Final = {"tcp": WAYS["native-tcp"], "udp": WAYS["native-udp"]}
MODELS: Final = {
    "zmm220": ("tcp", "udp"),
    "k20": ("udp",),
    "k40": ("udp",),
    "f18": ("tcp", "udp"),
    "z40": ("tcp", "udp"),
    "zem500": ("udp",),
    "zem300": ("udp",),
    "zem600": ("tcp", "udp"),
}
"""Those that pyzk 0.9 can read, and by which transport: it loses its place where packets arrive
back to back or in pieces, and knows neither counts one by one, nor packed or 49-byte records."""
CASES: Final = [(model, transport) for model, by in MODELS.items() for transport in by]


@pytest.mark.parametrize(("model", "transport"), CASES)
async def test_both_read_the_same(site: Site, model: str, transport: str) -> None:
    way = TRANSPORTS[transport]
    server = await site.terminal(profile=model, records=700, users=30, templates=8)
    spec = server.device.spec
    theirs = await asyncio.to_thread(_oracle, server, transport)
    link = await site.opened(server, way, encoding=spec.encoding)

    ours = [
        (entry.person, entry.device_time, entry.state, entry.verify)
        for entry in entries(server, *await read(link))
    ]
    assert ours == theirs["log"]
    people = [(each.uid, each.user_id, each.name, each.card or 0) for each in await link.people()]
    assert people == theirs["people"]
    uids = {user_id: uid for uid, user_id, *_ in people}
    templates = [
        (uids[each.user_id], each.finger, each.flag, each.data.get_secret_value())
        for each in (await link.templates(None)).templates
    ]
    assert templates == theirs["templates"]
    info = await link.do(ReadInfo(), tell_nobody)
    assert isinstance(info, Info)
    assert info.counts is not None
    counts = (info.counts.users, info.counts.fingerprints, info.counts.records)
    assert (info.serial, info.firmware, info.platform, info.mac, counts) == theirs["info"]


def _oracle(server: ZkServer, transport: str) -> dict[str, Any]:
    """Read everything by pyzk, which blocks."""
    spec = server.device.spec
    udp = transport == "udp"
    client = ZK(spec.host, server.port, 5, KEY, udp, ommit_ping=True, encoding=spec.encoding)
    link = client.connect()
    try:
        users, log = link.get_users(), link.get_attendance()
        link.read_sizes()
        return {
            "people": [(each.uid, each.user_id, each.name, each.card) for each in users],
            "log": [_record(each, swapped=spec.log_width == "16") for each in log],
            "templates": [
                (each.uid, each.fid, each.valid, each.template) for each in link.get_templates()
            ],
            "info": (
                link.get_serialnumber(),
                link.get_firmware_version(),
                link.get_platform(),
                link.get_mac(),
                (link.users, link.fingers, link.records),
            ),
        }
    finally:
        link.disconnect()


def _record(punch: Any, *, swapped: bool) -> tuple[str, str, int, int]:
    # Its reading of 16-byte records is disputed: on the one dump there is, the state comes first.
    state, verify = (punch.status, punch.punch) if swapped else (punch.punch, punch.status)
    return punch.user_id, punch.timestamp.isoformat(), state, verify
