"""Frames: what real firmware sends is read, what is hostile is refused, and that is all."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.devices.drivers.base import DecodeError
from services.devices.drivers.timmy.codec.frames import canonical, parsed, written
from services.devices.drivers.timmy.messages import (
    DEPTH_LIMIT,
    FRAME_LIMIT,
    RECORD_LIMIT,
    VALUE_LIMIT,
)

QUICK = 2.0
"""Seconds in which any frame is read or refused, also on a busy machine."""


@pytest.mark.parametrize(
    ("frame", "body"),
    [
        ('{"cmd":"reg","sn":"A"}', {"cmd": "reg", "sn": "A"}),
        ('{"ret":"x","record":[{"a":1},{"a":2},]}', {"ret": "x", "record": [{"a": 1}, {"a": 2}]}),
        ('{"ret":"x","record":[1, \n],}', {"ret": "x", "record": [1]}),
        ('{"ret":"getuserlist ","result":true}', {"ret": "getuserlist", "result": True}),
        ('{" cmd ":" sendlog"}', {"cmd": "sendlog"}),
        ('{"enrollid":"001","admin":"0"}', {"enrollid": 1, "admin": 0}),
        ('{"enrollid":"A12"}', {"enrollid": "A12"}),
        ('{"enrollid":"\x1e017"}', {"enrollid": 17}),
        (
            '{"record":"0","name":"007","aliasid":"42"}',
            {"record": "0", "name": "007", "aliasid": "42"},
        ),
        ('{"result":1}', {"result": True}),
        ('{"result":"true"}', {"result": True}),
        ('{"result":"false"}', {"result": False}),
        ('{"result":0}', {"result": False}),
        ('{"reson":2,"departmant":"it"}', {"reason": 2, "department": "it"}),
        ('{"name":"Ann\\u0000\\u0000"}', {"name": "Ann"}),
        ('{"name":"tab\tand\nline"}', {"name": "tab\tand\nline"}),
        ('{"msg":"a,]b,}c"}', {"msg": "a,]b,}c"}),
        ('{"msg":"\\",]","a":[1,]}', {"msg": '",]', "a": [1]}),
        ('{"record":[{"enrollid":"5"}]}', {"record": [{"enrollid": 5}]}),
        ('{"name":"\\ud83d\\ude00"}', {"name": "\U0001f600"}),
        (b'{"name":"\xd8\xb9\xd9\x84\xd9\x8a"}', {"name": "علي"}),
    ],
)
def test_what_real_firmware_sends(frame: str | bytes, body: dict[str, Any]) -> None:
    assert parsed(frame) == body


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        ("", "no JSON"),
        ("[]", "no object"),
        ("null", "no object"),
        ("<Request/>", "no JSON"),
        ('{"a":1', "no JSON"),
        ('{"a":1}{"b":2}', "no JSON"),
        ('{"a":"unended', "no JSON"),
        ('{"a":1,"a":2}', "twice"),
        ('{"a":1," a":2}', "twice"),
        ('{"reason":1,"reson":2}', "twice"),
        ('{"a":{"b":1,"b":1}}', "twice"),
        ('{"a":NaN}', "without bounds"),
        ('{"a":-Infinity}', "without bounds"),
        ('{"a":1e999}', "without bounds"),
        ('{"a":' + "9" * 5000 + "}", "no JSON"),
        (b'{"a":"\xff"}', "no UTF-8"),
        (b"\x00\x01", "no JSON"),
        ('{"a":' + "[" * DEPTH_LIMIT + "]" * DEPTH_LIMIT + "}", "deeper"),
        ('{"a":' * 500 + "1" + "}" * 500, "deeper"),
        ("[" * 60_000, "deeper"),
        ('{"a":[' + "1," * RECORD_LIMIT + "1]}", "entries"),
        ('{"a":"' + "x" * FRAME_LIMIT + '"}', "bytes"),
        ('{"a":[' + "[]," * VALUE_LIMIT + "1]}", "values"),
    ],
)
def test_what_is_refused(frame: str | bytes, why: str) -> None:
    with pytest.raises(DecodeError, match=why) as error:
        parsed(frame)
    assert len(str(error.value)) < 300


def test_the_limits_are_within() -> None:
    deep = DEPTH_LIMIT - 2
    assert parsed('{"a":' + "[" * deep + "]" * deep + "}")
    assert (
        len(parsed('{"record":[' + "{}," * (RECORD_LIMIT - 1) + "{}]}")["record"]) == RECORD_LIMIT
    )
    assert parsed('{"record":"' + "x" * 300_000 + '"}')


@pytest.mark.parametrize(
    "frame",
    [
        '"' + '\\"' * (FRAME_LIMIT // 2 - 1),
        "," + " " * (FRAME_LIMIT - 2),
        (", " * 30_000),
        '{"a":"' + "\\" * (FRAME_LIMIT - 6),
        "[" * FRAME_LIMIT,
        '{"a":' * (FRAME_LIMIT // 5),
        '{"a":[' + "9" * 4000 + ("," + "9" * 4000) * 1000 + "]}",
        '{"a":"' + "é" * (FRAME_LIMIT // 4) + '"',
        "{" + ",".join(f'"{i}":{i}' for i in range(VALUE_LIMIT - 2)) + ",}",
    ],
    ids=lambda frame: frame[:12],
)
def test_no_frame_takes_long(frame: str) -> None:
    began = time.process_time()
    with suppress(DecodeError):
        parsed(frame)
    assert time.process_time() - began < QUICK


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_garbage_is_refused_and_nothing_else(frame: str | bytes) -> None:
    try:
        body = parsed(frame)
    except DecodeError:
        return
    assert isinstance(body, dict)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=6))
def test_any_object_is_read_or_refused_and_can_be_written_again(body: dict[str, Any]) -> None:
    try:
        read = parsed(json.dumps(body))
    except DecodeError:
        return
    assert parsed(canonical(read)) == read
    assert parsed(written(read)) == read
    assert b"\x00" not in canonical(read)


@given(st.text(alphabet=st.characters(), max_size=50))
def test_any_text_can_be_sent_on(text: str) -> None:
    read = parsed(json.dumps({"name": text}))["name"]
    assert "\0" not in read.encode().decode()


def test_half_a_pair_of_surrogates_can_be_sent_on() -> None:
    assert parsed('{"name":"a\\ud800b"}')["name"].encode()
    assert parsed('{"a\\udc00":1}')
