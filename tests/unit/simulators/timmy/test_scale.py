"""Many terminals in one process, and one over TLS."""

from __future__ import annotations

import asyncio
import ssl
import tracemalloc
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.devices.simulators.fleet import Fleet
from services.devices.simulators.quirks import Dialect
from services.devices.simulators.spec import DeviceSpec
from shared.kit.clock import SystemClock
from tests.unit.simulators.timmy.house import met, open_house

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.simulators.timmy.conftest import Dial
    from tests.unit.simulators.timmy.house import House

MANY = 200
MOST_BYTES = 100_000
"""Of a connected terminal with five people, and of its server's side of the line."""


async def test_hundreds_are_one_task_and_little_memory_each(house: House, tmp_path: Path) -> None:
    specs = [
        DeviceSpec(
            serial=f"ZYTI{number:08}",
            dialect=Dialect.TIMMY,
            server=house.url,
            users=5,
            backlog=3,
            heartbeat=0.1,
        )
        for number in range(MANY)
    ]
    tasks = len(asyncio.all_tasks())
    tracemalloc.start()
    fleet = Fleet(specs, tmp_path, SystemClock().now)
    await fleet.start()
    assert len(asyncio.all_tasks()) - tasks == MANY
    terminals = fleet.terminals.values()
    await met(lambda: all(not terminal.device.unsent for terminal in terminals))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    fleet.stop()
    assert used / MANY < MOST_BYTES


async def test_a_terminal_dials_over_tls(build: Dial, tmp_path: Path) -> None:
    async with open_house(_security(tmp_path)) as house:
        terminal = build(server=house.url)
        terminal.start()
        await house.next("reg")
        await met(terminal.connected.is_set)
        terminal.punch("1001", 0)
        assert (await house.next("sendlog"))["count"] == 1
        terminal.stop()


def _security(directory: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "house")])
    now = SystemClock().now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = directory / "house.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
