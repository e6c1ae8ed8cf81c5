"""How a fleet is asked for: options, files, and what is wrong with them."""

from __future__ import annotations

import json

import pytest

from services.devices.simulators.profiles import PROFILES
from services.devices.simulators.quirks import Empty, LogWidth, Second
from services.devices.simulators.spec import DeviceSpec, SpecError, parse_file, parse_option


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
        ("serial=A,profile=zx81", "profile"),
        ("serial=A,log_width=12", "log_width"),
        ("serial=A,user_width=30", "user_width"),
        ("serial=A,encoding=klingon", "encoding"),
        ("serial=A,one_connection=perhaps", "one_connection"),
        ("serial=A,writes=slowly", "writes"),
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


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_can_be_asked_for_in_every_form(profile: str) -> None:
    spec = parse_option(f"serial=A,profile={profile}")
    assert spec == parse_file(json.dumps([{"serial": "A", "profile": profile}]).encode())[0]
    differs = spec.model_dump(exclude={"profile"}) != DeviceSpec(serial="A").model_dump(
        exclude={"profile"}
    )
    assert differs is (profile != "zmm220")


def test_a_field_that_is_given_is_stronger_than_the_profile() -> None:
    spec = parse_option("serial=A,profile=ma300,live_width=12")
    assert (spec.live_width, spec.user_width, spec.log_width) == (12, 28, LogWidth.EIGHT_B)


def test_numbers_and_truths_may_be_words() -> None:
    in_words = parse_option("serial=A,log_width=16,user_width=28,one_connection=true,garbage=true")
    in_json = parse_file(
        b'[{"serial": "A", "log_width": 16, "user_width": 28, "one_connection": true,'
        b' "garbage": true}]'
    )[0]
    assert in_words == in_json
    assert in_words.one_connection is Second.RESET
    assert parse_option("serial=A,one_connection=false").one_connection is Second.SERVED
