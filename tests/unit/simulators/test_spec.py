"""How a fleet is asked for: options, files, and what is wrong with them."""

from __future__ import annotations

import json

import pytest

from services.devices.simulators.spec import Empty, SpecError, parse_file, parse_option


def test_an_option_describes_a_device() -> None:
    spec = parse_option("serial=A1,host=127.0.1.1,port=4371,users=5,zone=Asia/Jakarta,key=12")
    assert (spec.serial, spec.host, spec.port, spec.users) == ("A1", "127.0.1.1", 4371, 5)
    assert (spec.zone, spec.key, spec.empty) == ("Asia/Jakarta", 12, Empty.ZERO)


def test_no_key_at_all_is_not_key_0() -> None:
    assert parse_option("serial=A").key == 0
    assert parse_option("serial=A,key=none").key is None
    assert parse_file(b'[{"serial": "A", "key": null}]')[0].key is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("host=127.0.0.1", "serial"),
        ("serial=../x", "serial"),
        ("serial=A,zone=Mars/Olympus", "zone"),
        ("serial=A,port=70000", "port"),
        ("serial=A,speed=9", "speed"),
        ("serial=A,empty=often", "empty"),
        ("serial", "serial"),
    ],
)
def test_a_wrong_option_is_named(text: str, word: str) -> None:
    with pytest.raises(SpecError, match=word):
        parse_option(text)


def test_a_wrong_file_names_entry_and_field_and_no_value() -> None:
    content = json.dumps([{"serial": "A"}, {"serial": "B", "key": "s3cret"}]).encode()
    with pytest.raises(SpecError, match=r"1\.key") as problem:
        parse_file(content)
    assert "s3cret" not in str(problem.value)
