"""What the forwarder takes from the environment and from ``.env``."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.forwarder.settings import ForwarderSettings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORWARD_LOG_URL", raising=False)
    monkeypatch.delenv("FORWARD_LOG_TOKEN", raising=False)
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
