"""What the forwarder takes from the environment and from ``.env``."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.forwarder.settings import ForwarderSettings, Target


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for kind in ("LOG", "FINGERPRINT"):
        monkeypatch.delenv(f"FORWARD_{kind}_URL", raising=False)
        monkeypatch.delenv(f"FORWARD_{kind}_TOKEN", raising=False)
    return tmp_path


def test_without_a_url_there_is_no_target(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ForwarderSettings().forward_log_url is None
    monkeypatch.setenv("FORWARD_LOG_URL", "")
    assert ForwarderSettings().forward_log_url is None


def test_the_dot_env_file_counts_and_the_environment_counts_more(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / ".env").write_text("FORWARD_LOG_URL=http://10.0.0.9/log\nFORWARD_LOG_TOKEN=t1\n")
    settings = ForwarderSettings()
    assert str(settings.forward_log_url) == "http://10.0.0.9/log"
    assert settings.forward_log_token is not None
    assert settings.forward_log_token.get_secret_value() == "t1"
    monkeypatch.setenv("FORWARD_LOG_URL", "http://10.0.0.8/log")
    assert str(ForwarderSettings().forward_log_url) == "http://10.0.0.8/log"


@pytest.mark.parametrize("token", ["line\nbreak", "two words", "clé"])
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORWARD_LOG_TOKEN", token)
    with pytest.raises(ValidationError) as refused:
        ForwarderSettings()
    assert "FORWARD_LOG_TOKEN" in str(refused.value)
    assert token not in str(refused.value)


LOG = {"FORWARD_LOG_URL": "http://10.0.0.9/log", "FORWARD_LOG_TOKEN": "t1"}


@pytest.mark.parametrize(
    ("environment", "log", "phones"),
    [
        ({}, None, None),
        (LOG, ("log", "10.0.0.9", "t1"), ("log", "10.0.0.9", "t1")),
        (
            {**LOG, "FORWARD_FINGERPRINT_URL": "http://10.0.0.8/"},
            ("log", "10.0.0.9", "t1"),
            ("fingerprint", "10.0.0.8", "t1"),
        ),
        (
            {**LOG, "FORWARD_FINGERPRINT_TOKEN": "t2"},
            ("log", "10.0.0.9", "t1"),
            ("fingerprint", "10.0.0.9", "t2"),
        ),
        (
            {"FORWARD_FINGERPRINT_URL": "http://10.0.0.8/", "FORWARD_FINGERPRINT_TOKEN": "t2"},
            None,
            ("fingerprint", "10.0.0.8", "t2"),
        ),
        ({"FORWARD_FINGERPRINT_TOKEN": "t2"}, None, None),
    ],
)
def test_phones_fall_back_to_what_devices_have(
    environment: dict[str, str],
    log: tuple[str, str, str] | None,
    phones: tuple[str, str, str] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = ForwarderSettings()
    found = [each and (each.name, each.url.host, each.token) for each in _targets(settings)]
    assert found == [log, phones]


def _targets(settings: ForwarderSettings) -> tuple[Target | None, Target | None]:
    return settings.log_target, settings.phone_target
