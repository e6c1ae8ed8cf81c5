"""Decisions about devices that dial in."""

from __future__ import annotations

import pytest

from services.devices.rules import admission
from shared.contracts.readings import Hardware

BODY = Hardware(processor="4410029", mac="00-01-F5-00-00-01", model="AiFace", firmware="v1")


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("ZXRE06022863", "ZXRE06022863"),
        (" zxre06022863\n", "ZXRE06022863"),
        ("A1_-b", "A1_-B"),
        ("a" * 50, "A" * 50),
        ("a" * 51, None),
        ("a" * 4, None),
        ("-zxre", None),
        ("ZXRE 06022863", None),
        ("ZXRE\x0006022863", None),
        ("ZXRE\u0662\u0666", None),
        ("ßßßßß", None),
        ("", None),
    ],
)
def test_a_serial_has_one_spelling_or_is_none(told: str, meant: str | None) -> None:
    assert admission.serial_of(told) == meant


@pytest.mark.parametrize(
    ("kept", "told", "same"),
    [
        (None, BODY, True),
        (BODY, BODY, True),
        (BODY, Hardware(), True),
        (Hardware(), BODY, True),
        (BODY, Hardware(processor="4410029"), True),
        (BODY, BODY.model_copy(update={"firmware": "v2", "model": "Other"}), True),
        (BODY, BODY.model_copy(update={"processor": "1"}), False),
        (BODY, Hardware(mac="00-01-F5-00-00-02"), False),
    ],
)
def test_another_body_is_another_processor_or_mac(
    kept: Hardware | None, told: Hardware, same: bool
) -> None:
    assert admission.same_body(kept, told) is same


def test_a_body_is_kept_as_first_told_and_the_rest_as_now() -> None:
    later = Hardware(processor="1", mac="2", model="AiFace 2", firmware="v2", algorithm="thbio3.0")
    body = {"processor": BODY.processor, "mac": BODY.mac}
    assert admission.to_keep(None, BODY) == BODY
    assert admission.to_keep(BODY, later) == later.model_copy(update=body)
    assert admission.to_keep(Hardware(mac="3"), later).model_dump() == {
        **later.model_dump(),
        "mac": "3",
    }


def test_what_a_device_tells_is_kept_within_bounds() -> None:
    clipped = admission.clipped(Hardware(model="M" * 5000))
    assert clipped == Hardware(model="M" * 256)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("AiFace", "AiFace ZXRE06022863"),
        (None, "ZXRE06022863"),
        (" \x07\u202e ", "ZXRE06022863"),
        ("M" * 500, "M" * 115 + " ZXRE06022863"),
    ],
)
def test_what_nobody_named_is_called_by_model_and_serial(model: str | None, name: str) -> None:
    assert admission.default_name(Hardware(model=model), "ZXRE06022863") == name
    assert len(name) <= admission.NAME_LENGTH


def test_a_path_is_known_by_its_digest() -> None:
    assert admission.digest_of("abc").startswith("ba7816bf8f01cfea414140de5dae2223")
