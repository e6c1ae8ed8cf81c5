"""What auth signs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.auth.tokens import Signer, Subject
from shared.kit.clock import SystemClock, new_id
from shared.kit.errors import MusterError, StartupError
from tests.component.auth.conftest import new_key

KEY = new_key()
SUBJECT = Subject(7, "6" * 24, "user", "a@example.test", "Anna", new_id())


def test_the_name_of_a_key_is_made_from_the_key() -> None:
    assert Signer(KEY).kid == Signer(KEY).kid
    assert Signer(KEY).kid != Signer(new_key()).kid
    assert Signer(KEY).kid.isalnum()


@pytest.mark.parametrize("seconds", [1, 3600, 43_200, 86_400])
def test_an_access_token_lives_exactly_as_long_as_asked(seconds: int) -> None:
    signer, now = Signer(KEY), datetime(2026, 2, 5, 14, 30, 0, 999_999, tzinfo=UTC)
    token = signer.access(SUBJECT, new_id(), now, seconds)
    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["kid"]) == ("EdDSA", signer.kid)
    claims = jwt.decode(
        token, signer.public_pem, algorithms=["EdDSA"], options={"verify_exp": False}
    )
    assert claims["exp"] - claims["iat"] == seconds
    assert claims["sub"] == "7"
    assert set(claims) >= {"iss", "owner", "role", "kind", "sid", "jti", "email", "name"}


def test_a_refresh_token_is_told_from_others() -> None:
    signer, now, jti = Signer(KEY), SystemClock().now(), new_id()
    later = now + timedelta(days=30)
    assert signer.refresh_id(signer.refresh(SUBJECT, jti, now, later)) == jti
    refused = [
        signer.access(SUBJECT, jti, now, 60),
        signer.refresh(SUBJECT, jti, now, now - timedelta(seconds=1)),
        Signer(new_key()).refresh(SUBJECT, jti, now, later),
        "",
        "a.b.c",
    ]
    for token in refused:
        with pytest.raises(MusterError, match="UNAUTHORIZED"):
            signer.refresh_id(token)


def test_another_kind_of_key_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    other = ec.generate_private_key(ec.SECP256R1())
    file.write_bytes(
        other.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with pytest.raises(StartupError, match="Ed25519"):
        Signer.of_file(file)
