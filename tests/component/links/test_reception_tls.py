"""Terminals that dial in under TLS."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.exceptions import InvalidMessage

from services.devices.agent.links.reception.listening import Listening
from tests.component.links.conftest import CLOCK, soon
from tests.component.links.dialling import a_device, receiving


def certificate(directory: Path) -> tuple[Path, Path]:
    """Make a certificate of this machine's, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "muster")])
    now = datetime.now(UTC)  # noqa: TID251 - a certificate is of today
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = directory / "cert.pem", directory / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file


async def test_over_tls_a_door_is_unlocked(tmp_path: Path) -> None:
    files = certificate(tmp_path)
    async with receiving([a_device()], Listening("127.0.0.1", 0, *files)) as house:
        raw = await house.dial(ssl=ssl.create_default_context(cafile=files[0]))
        assert (await raw.registered())["result"] is True
        link = house.link()
        await soon(link.open())
        unlocking = asyncio.ensure_future(link.unlock(5, CLOCK.boottime() + 5.0))
        await raw.asked("opendoor")
        await raw.say({"ret": "opendoor", "result": True})
        await soon(unlocking)


async def test_without_tls_nobody_is_heard_there(tmp_path: Path) -> None:
    files = certificate(tmp_path)
    async with receiving([a_device()], Listening("127.0.0.1", 0, *files)) as house:
        with pytest.raises((InvalidMessage, ConnectionError)):
            await house.dial()
