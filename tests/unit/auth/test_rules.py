"""Passwords, refresh tokens, failed logins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.auth import rules
from services.auth.rules import Bootstrap, FailedLogins, Worth

NOW = datetime(2026, 2, 5, 14, 30, tzinfo=UTC)
LATER, BEFORE = NOW + timedelta(1), NOW - timedelta(1)


def test_a_hash_is_argon2id_and_good_for_its_password_only() -> None:
    known = rules.hash_password("a word")
    assert known.startswith("$argon2id$")
    assert rules.check_password("a word", known) == (True, None)
    assert rules.check_password("another", known) == (False, None)
    assert rules.hash_password("a word") != known


@pytest.mark.parametrize("password", ["short", "x" * 72, "x" * 100, "é" * 50])
def test_bcrypt_is_accepted_and_made_better(password: str) -> None:
    known = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()
    good, better = rules.check_password(password, known)
    assert good
    assert better is not None
    assert rules.check_password(password, better) == (True, None)
    assert rules.check_password("wrong", known) == (False, None)


@pytest.mark.parametrize(
    ("password", "weak"),
    [
        ("admin123", True),
        ("danish123", True),
        ("password123", True),
        ("short1!", True),
        ("12345678901234", True),
        ("onlyletterslong", True),
        ("administrator-42", True),
        ("correct horse battery", False),
    ],
)
def test_weak_passwords(password: str, weak: bool) -> None:
    assert rules.is_weak(password, "Admin@example.test") is weak


@pytest.mark.parametrize(
    ("used_at", "ended_at", "expires_at", "worth"),
    [
        (None, None, LATER, Worth.GOOD),
        (None, None, NOW, Worth.DEAD),
        (BEFORE, None, LATER, Worth.REUSED),
        (BEFORE, None, BEFORE, Worth.REUSED),
        (None, BEFORE, LATER, Worth.DEAD),
        (BEFORE, BEFORE, LATER, Worth.DEAD),
    ],
)
def test_what_a_refresh_token_is_worth(
    used_at: datetime | None, ended_at: datetime | None, expires_at: datetime, worth: Worth
) -> None:
    assert rules.worth_of(used_at, ended_at, expires_at, NOW) is worth


def test_a_burst_of_failures_is_slowed_and_soon_forgotten() -> None:
    failed = FailedLogins()
    for _ in range(FailedLogins.BURST):
        assert failed.wait("a", 100.0) == 0
        failed.failed("a", 100.0)
    assert failed.wait("a", 100.0) == FailedLogins.SECONDS_EACH
    assert failed.wait("b", 100.0) == 0
    assert failed.wait("a", 100.0 + FailedLogins.SECONDS_EACH) == 0
    failed.succeeded("a")
    assert failed.wait("a", 100.0) == 0


@given(st.lists(st.floats(0, 60), max_size=200))
def test_nobody_waits_longer_than_one_turn(pauses: list[float]) -> None:
    failed, now = FailedLogins(), 0.0
    for pause in pauses:
        now += pause
        if not failed.wait("a", now):
            failed.failed("a", now)
        assert failed.wait("a", now) <= FailedLogins.SECONDS_EACH


def test_what_is_remembered_has_a_bound() -> None:
    failed = FailedLogins()
    for number in range(FailedLogins._EMAILS + 5):
        failed.failed(str(number), 0.0)
    assert len(failed._levels) == FailedLogins._EMAILS


@pytest.mark.parametrize(("password", "found"), [("admin123", True), ("a word of ours", False)])
def test_examples_in_the_bootstrap_file(password: str, found: bool) -> None:
    admin = {"username": "a", "email": "a@example.test", "password": password}
    owner = {"id": "6" * 24, "name": "O", "admin": admin, "sites": [{"id": "hq"}]}
    assert rules.has_examples(Bootstrap.model_validate({"owners": [owner]})) is found


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - a host to be refused
        ("::", False),
        ("10.0.0.1", False),
        ("", False),
        ("localhost.example.test", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert rules.is_loopback(host) is loopback
