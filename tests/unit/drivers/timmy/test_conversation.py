"""Conversations: who is believed, what is answered, and whose answer an answer is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.devices.drivers.timmy.protocol.conversation import (
    Answered,
    Conversation,
    Handed,
    Refused,
    Registered,
    Stray,
)
from shared.contracts.readings import Hardware
from tests.unit.drivers.timmy.made import (
    INFO_A,
    INFO_B,
    SERIAL,
    WALL_CLOCK,
    frame,
    punched,
)


def registered(**info: Any) -> Conversation:
    conversation = Conversation()
    told = conversation.receive(frame(cmd="reg", cpusn="4410029", devinfo=info or INFO_B))
    assert isinstance(told, Registered)
    return conversation


def settled(conversation: Conversation, *, kept: bool = True) -> dict[str, Any] | None:
    answer = conversation.settled(kept=kept, now_local=WALL_CLOCK)
    return None if answer is None else json.loads(answer)


# ── who it is ────────────────────────────────────────────────────────────────


def test_a_terminal_says_who_it_is() -> None:
    conversation = Conversation()
    told = conversation.receive(
        '{"cmd":"reg","sn":"zxre06022863","cpusn":4410029,"devinfo":{"modelname":"AiFace",'
        '"fpalgo":"thbio3.0","firmware":"AiF43V_v4.30","mac":"00-01-F5-00-00-01"}}'
    )
    assert isinstance(told, Registered)
    assert (told.serial, told.again) == (SERIAL, False)
    assert told.hardware == Hardware(
        processor="4410029",
        mac="00-01-F5-00-00-01",
        model="AiFace",
        firmware="AiF43V_v4.30",
        algorithm="thbio3.0",
    )
    assert json.loads(conversation.accept(WALL_CLOCK)) == {
        "ret": "reg",
        "result": True,
        "cloudtime": "2026-05-01 08:00:05",
        "nosenduser": False,
    }


def test_no_part_of_a_second_is_in_the_time_that_a_terminal_gets() -> None:
    odd = WALL_CLOCK.replace(microsecond=999_999)
    assert json.loads(Conversation().accept(odd))["cloudtime"] == "2026-05-01 08:00:05"


def test_the_reason_of_a_refusal_is_text_for_its_screen() -> None:
    said = json.loads(Conversation().refuse("waiting for approval"))
    assert said == {"ret": "reg", "result": False, "reason": "waiting for approval"}


def test_a_second_registration_is_no_more_than_a_sign_of_life() -> None:
    conversation = registered()
    told = conversation.receive(frame(cmd="reg", devinfo=INFO_B))
    assert isinstance(told, Registered)
    assert told.again


def test_a_registration_under_another_serial_number_is_refused() -> None:
    conversation = registered()
    told = conversation.receive(frame(cmd="reg", sn="TYSG18086518"))
    assert isinstance(told, Refused)
    assert json.loads(told.answer)["result"] is False
    assert conversation.serial == SERIAL


@pytest.mark.parametrize(
    "serial", ["", "ABC", "A" * 51, "-ABCDE", "ZX/../../etc", "ZX 0600", "ZXRE\n06", 17, None]
)
def test_a_serial_number_of_no_known_form_is_refused(serial: object) -> None:
    conversation = Conversation()
    assert isinstance(conversation.receive(frame(cmd="reg", sn=serial)), Refused)
    assert conversation.serial is None


@pytest.mark.parametrize(
    "said",
    [
        frame(cmd="sendlog", count=1, record=[punched()]),
        frame(cmd="senduser", enrollid=1),
        frame(cmd="whatever"),
    ],
)
def test_nothing_is_believed_before_it_has_said_who_it_is(said: str) -> None:
    told = Conversation().receive(said)
    assert isinstance(told, Refused)
    assert json.loads(told.answer) == {
        "ret": json.loads(said)["cmd"],
        "result": False,
        "reason": 1,
    }


@pytest.mark.parametrize(
    "said",
    ["", "<Request/>", "[]", "{}", '{"cmd":5}', '{"cmd":["reg"]}', b"\xff\xfe", "GET / HTTP"],
)
def test_nonsense_has_no_answer(said: str | bytes) -> None:
    told = Conversation().receive(said)
    assert isinstance(told, Refused)
    assert told.answer == ""
    assert told.why


@pytest.mark.parametrize(
    ("info", "family"),
    [
        (INFO_A, "a"),
        ({"firmware": "th600w v6.1", "modelname": "tfs30"}, "a"),
        ({}, "a"),
        (INFO_B, "b"),
        ({"firmware": "AiF43V_v4.50", "palmsize": 5}, "b"),
        ({"facesize": 3000}, "b"),
        ({"firmware": "ai518_f40v_v1.29"}, "c"),
        ({"firmware": "ai806_f06v_v5.17", "facesize": 1}, "c"),
        ({"facesize": 1, "curip": "10.0.0.4"}, "c"),
    ],
)
def test_the_family_is_seen_from_what_it_tells(info: dict[str, Any], family: str) -> None:
    conversation = Conversation()
    conversation.receive(frame(cmd="reg", devinfo=info))
    assert conversation.family == family


# ── what it hands over ───────────────────────────────────────────────────────


def test_a_record_is_answered_only_when_it_is_settled() -> None:
    conversation = registered()
    told = conversation.receive(frame(cmd="sendlog", count=1, logindex=118, record=[punched()]))
    assert isinstance(told, Handed)
    assert settled(conversation) == {
        "ret": "sendlog",
        "result": True,
        "count": 1,
        "logindex": 118,
        "cloudtime": "2026-05-01 08:00:05",
    }


def test_what_was_not_kept_the_terminal_is_to_keep() -> None:
    conversation = registered()
    conversation.receive(frame(cmd="sendlog", count=1, logindex=118, record=[punched()]))
    assert settled(conversation, kept=False) == {"ret": "sendlog", "result": False, "reason": 1}


def test_a_terminal_that_does_not_count_gets_no_count() -> None:
    conversation = registered()
    conversation.receive(frame(cmd="sendlog", record=[punched()]))
    assert (settled(conversation) or {}).keys() == {"ret", "result", "cloudtime"}


@given(
    st.dictionaries(
        st.sampled_from(["count", "logindex", "access", "server_verify", "record", "time"]),
        st.integers() | st.lists(st.just(punched()), max_size=3),
    )
)
def test_no_record_ever_opens_a_door(fields: dict[str, Any]) -> None:
    conversation = registered()
    conversation.receive(frame(cmd="sendlog", **fields))
    assert not (settled(conversation) or {}).get("access")


@pytest.mark.parametrize("name", ["sendqrcode", "sendpin"])
def test_no_code_ever_opens_a_door(name: str) -> None:
    conversation = registered()
    assert isinstance(conversation.receive(frame(cmd=name, record="123456")), Handed)
    assert settled(conversation) == {"ret": name, "result": True, "access": 0}


def test_a_person_is_answered_with_who_and_what() -> None:
    conversation = registered()
    conversation.receive(frame(cmd="senduser", enrollid="17", backupnum=0, record="c5"))
    assert settled(conversation) == {
        "ret": "senduser",
        "result": True,
        "enrollid": 17,
        "backupnum": 0,
        "cloudtime": "2026-05-01 08:00:05",
    }


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("sendgps", None),
        ("heartbeat", {"ret": "heartbeat", "result": True}),
        ("checklive", {"ret": "checklive", "result": True}),
        ("otacheck", {"ret": "otacheck", "result": False, "reason": 1}),
        ("talkcall", {"ret": "talkcall", "result": False, "reason": 1}),
        ("nobodyknows", {"ret": "nobodyknows", "result": True}),
    ],
)
def test_other_words_are_answered(name: str, answer: dict[str, Any] | None) -> None:
    conversation = registered()
    assert isinstance(conversation.receive(frame(cmd=name)), Handed)
    assert settled(conversation) == answer


def test_frames_are_answered_in_their_order() -> None:
    conversation = registered()
    for index in (5, 6):
        conversation.receive(frame(cmd="sendlog", count=1, logindex=index, record=[punched()]))
    assert [(settled(conversation) or {})["logindex"] for _ in range(2)] == [5, 6]


def test_a_frame_under_another_serial_number_is_refused() -> None:
    conversation = registered()
    told = conversation.receive(frame(cmd="sendlog", sn="TYSG18086518", record=[punched()]))
    assert isinstance(told, Refused)
    assert json.loads(told.answer) == {"ret": "sendlog", "result": False, "reason": 1}


@pytest.mark.parametrize("serial", [{}, {"sn": ""}, {"sn": "zxre06022863 "}])
def test_a_frame_without_a_serial_number_is_the_sockets(serial: dict[str, str]) -> None:
    conversation = registered()
    said = json.dumps({"cmd": "sendlog", "record": [punched()], **serial})
    assert isinstance(conversation.receive(said), Handed)


# ── what it answers ──────────────────────────────────────────────────────────

LIST = {"cmd": "getuserlist", "stn": True}
PERSON = {"cmd": "getuserinfo", "enrollid": 17, "backupnum": 50}


def test_a_command_has_its_answer() -> None:
    conversation = registered()
    assert json.loads(conversation.ask(LIST)) == LIST
    assert conversation.waiting
    told = conversation.receive('{"ret":"getuserlist ","result":1,"count":0,"record":[],}')
    assert isinstance(told, Answered)
    assert told.reply.ok
    assert not conversation.waiting


def test_an_answer_without_a_result_says_yes() -> None:
    conversation = registered()
    conversation.ask({"cmd": "gettime"})
    told = conversation.receive(frame(ret="gettime", time="2026-05-01 08:00:00"))
    assert isinstance(told, Answered)
    assert told.reply.ok


def test_an_answer_that_says_no_says_why() -> None:
    conversation = registered()
    conversation.ask(PERSON)
    told = conversation.receive(
        frame(ret="getuserinfo", result=False, reson="1", msg="can not find the user")
    )
    assert isinstance(told, Answered)
    assert (told.reply.ok, told.reply.reason) == (False, 1)
    assert told.reply.message == "can not find the user"


def test_only_one_command_is_in_flight() -> None:
    conversation = registered()
    conversation.ask(LIST)
    with pytest.raises(RuntimeError):
        conversation.ask(PERSON)


def test_answers_to_nothing_in_flight_are_dropped() -> None:
    conversation = registered()
    assert isinstance(conversation.receive(frame(ret="getuserlist", result=True)), Stray)
    conversation.ask(LIST)
    assert isinstance(conversation.receive(frame(ret="getuserinfo", result=True)), Stray)
    assert conversation.waiting


def test_an_answer_under_another_serial_number_is_dropped() -> None:
    conversation = registered()
    conversation.ask(LIST)
    other = frame(ret="getuserlist", sn="TYSG18086518", result=True)
    assert isinstance(conversation.receive(other), Stray)
    assert conversation.waiting


def test_a_late_answer_is_not_taken_for_the_next_commands() -> None:
    conversation = registered()
    conversation.ask(LIST)
    conversation.forget()
    assert conversation.owes("getuserlist")
    with pytest.raises(RuntimeError):
        conversation.ask(LIST)
    conversation.ask({"cmd": "gettime"})  # another name cannot be mistaken
    assert isinstance(conversation.receive(frame(ret="getuserlist", result=True)), Stray)
    assert not conversation.owes("getuserlist")
    assert isinstance(conversation.receive(frame(ret="gettime", time="")), Answered)
    conversation.ask(LIST)
    assert isinstance(conversation.receive(frame(ret="getuserlist", result=True)), Answered)


def test_an_answer_that_never_comes_is_forgiven() -> None:
    conversation = registered()
    conversation.ask(LIST)
    conversation.forget()
    conversation.forgive("getuserlist")
    conversation.ask(LIST)
    assert isinstance(conversation.receive(frame(ret="getuserlist", result=True)), Answered)


@pytest.mark.parametrize("other", [{"enrollid": 18}, {"backupnum": 0}, {"enrollid": "18"}])
def test_an_answer_about_somebody_else_is_a_late_one(other: dict[str, Any]) -> None:
    conversation = registered()
    conversation.ask(PERSON)
    said = {"ret": "getuserinfo", "result": True, "enrollid": 17, "backupnum": 50}
    assert isinstance(conversation.receive(frame(**{**said, **other})), Stray)
    assert isinstance(conversation.receive(frame(**{**said, "enrollid": "17"})), Answered)


def test_records_come_between_a_command_and_its_answer() -> None:
    conversation = registered()
    conversation.ask(LIST)
    assert isinstance(conversation.receive(frame(cmd="sendlog", record=[punched()])), Handed)
    assert isinstance(conversation.receive(frame(ret="getuserlist", result=True)), Answered)
    assert settled(conversation)


@given(st.lists(st.binary(max_size=60) | st.text(max_size=60), max_size=5))
def test_garbage_raises_nothing(frames: list[str | bytes]) -> None:
    conversation = registered()
    conversation.ask(LIST)
    for each in frames:
        conversation.receive(each)


WORDS = st.sampled_from(["reg", "sendlog", "senduser", "getuserlist", "sendgps", "x", "", 5, None])
FIELDS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(
        ["cmd", "ret", "sn", "devinfo", "cpusn", "record", "result", "enrollid", "backupnum"]
    ),
    WORDS | st.just(SERIAL) | st.lists(WORDS, max_size=2) | st.just({}) | st.booleans(),
)


@given(st.lists(FIELDS, max_size=6))
def test_fields_of_any_kind_raise_nothing(bodies: list[dict[str, Any]]) -> None:
    conversation = Conversation()
    for body in bodies:
        told = conversation.receive(json.dumps(body))
        if isinstance(told, Handed):
            conversation.settled(kept=True, now_local=WALL_CLOCK)
        if conversation.serial and not conversation.waiting:
            conversation.ask({"cmd": "getuserlist"})
