"""Languages and names of errors."""

from __future__ import annotations

import pytest

from services.gateway.routes import faults, words
from services.gateway.routes.languages import Language, Said, language_of
from shared.contracts.errors import Code
from shared.kit.errors import MusterError


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", None),
        ("*", None),
        ("fr", None),
        ("en", "en"),
        ("en-US,en;q=0.9", "en"),
        ("ID-id", "id"),
        ("in", "id"),
        ("fr, ar;q=0.1", "ar"),
        ("en;q=0.2, id;q=0.7, ar;q=0.5", "id"),
        ("en;q=0", None),
        ("en;q=many", None),
        ("english", None),
        (",;=,", None),
    ],
)
def test_the_language_liked_best(header: str, language: str | None) -> None:
    assert language_of(header) == language


@pytest.mark.parametrize("code", list(Code))
@pytest.mark.parametrize("language", ["en", "id", "ar", None])
def test_every_code_has_a_name_in_every_language(code: Code, language: Language | None) -> None:
    assert faults.message_of(code, language)


SAID = {name: said for name, said in vars(words).items() if isinstance(said, Said)}


@pytest.mark.parametrize("name", SAID)
def test_every_message_is_in_every_language(name: str) -> None:
    said = SAID[name]
    assert all(said)
    assert len({said.en, said.id, said.ar}) == 3
    assert said.document in {said.en, said.id, said.ar}


def test_the_documents_own_sentences() -> None:
    assert words.LOGGED_IN.to(None) == "Login successful"
    assert words.REGISTERED.to(None) == "User berhasil didaftarkan"
    assert words.SYNC_QUEUED.to(None) == "Sync job queued successfully"
    assert words.DEVICE_REGISTERED.to(None) == "Device registered successfully"
    assert words.UNLOCKED.to(None) == "Door unlocked successfully"
    assert words.PUNCHED.to(None) == "تم تسجيل بصمة الموبايل بنجاح"
    assert words.RETRY_FINISHED.to(None) == "Retry finished"
    assert faults.message_of(Code.INVALID_CREDENTIALS, None) == "Invalid credentials"


@pytest.mark.parametrize(
    ("code", "word"),
    [
        (Code.VALIDATION_ERROR, "ValidationError"),
        (Code.NOT_FOUND, "NotFoundError"),
        (Code.INVALID_CREDENTIALS, "InvalidCredentialsError"),
        (Code.INTERNAL_ERROR, "InternalError"),
    ],
)
def test_the_type_of_an_error_is_a_word(code: Code, word: str) -> None:
    assert faults.type_of(code) == word


@pytest.mark.parametrize(
    ("code", "word", "status"),
    [
        (Code.DEVICE_OFFLINE, "device_offline_or_not_registered", 503),
        (Code.UNRECEIPTED_RECORDS, "unsynced_logs", 409),
        (Code.OUTCOME_UNKNOWN, "connection_lost_outcome_unknown", 504),
        (Code.NOT_SUPPORTED, "unsupported_by_firmware", 409),
        (Code.DEVICE_ERROR, "device_error", 409),
        (Code.PULL_INCOMPLETE, "pull_incomplete", 503),
        (Code.NOT_FOUND, "not_found", 404),
    ],
)
def test_what_timmy_says(code: Code, word: str, status: int) -> None:
    assert faults.word_of(code) == word
    assert faults.as_timmy(MusterError(code).problem).status == status


def test_whyever_a_device_is_away_timmy_says_the_same() -> None:
    away = [Code.DEVICE_OFFLINE, Code.DEVICE_UNREACHABLE, Code.NO_AGENT]
    told = [faults.as_timmy(MusterError(code, f"because of {code}").problem) for code in away]
    assert told == [MusterError(Code.DEVICE_OFFLINE).problem] * 3
