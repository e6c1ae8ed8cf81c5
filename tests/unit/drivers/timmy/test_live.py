"""What is handed over: punches, doors, strangers, people; and everything that is none of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from services.devices.drivers.base import IMPOSSIBLE_TIME, DecodeError, Live, Notice
from services.devices.drivers.catalog import DRIVERS
from services.devices.drivers.timmy.codec.templates import shrunk
from services.devices.drivers.timmy.protocol.conversation import Conversation, Handed
from shared.contracts.readings import PunchRecord
from tests.unit.drivers.timmy.made import INFO_B, PHOTO, frame, punched, thbio3

TIMMY = DRIVERS["timmy"]


def live(**fields: Any) -> Live:
    conversation = Conversation()
    conversation.receive(frame(cmd="reg", devinfo=INFO_B))
    told = conversation.receive(frame(**fields))
    assert isinstance(told, Handed)
    return TIMMY.live(told.body, {})


def log(*records: Any) -> Live:
    return live(cmd="sendlog", count=len(records), logindex=1, record=list(records))


def test_a_terminal_hands_over() -> None:
    assert TIMMY.hands_over


def test_a_punch() -> None:
    (entry,) = log({**punched(), "name": "Ali", "inout": 1, "event": 3, "temp": 36.5}).entries
    assert (entry.person, entry.device_time) == ("17", "2026-05-01T08:00:10")
    assert (entry.verify, entry.state, entry.event, entry.work_code) == (8, 1, 3, None)
    assert json.loads(entry.raw)["temp"] == 36.5
    assert entry.flags == ()


def test_punches_are_in_the_terminals_order() -> None:
    told = log(punched(1, 5), punched(2, 3), punched(1, 5))
    assert [entry.person for entry in told.entries] == ["1", "2", "1"]


@pytest.mark.parametrize("code", range(8))
def test_a_door_is_no_punch(code: int) -> None:
    told = log(punched(0, event=code))
    assert told.entries == ()
    (notice,) = told.notices
    assert notice[:3] == ("door", code, "2026-05-01T08:00:10")


@pytest.mark.parametrize("nobody", [0, "0", "000", 0.0, False])
def test_nobody_never_punches_however_written(nobody: object) -> None:
    assert log({**punched(), "enrollid": nobody}).entries == ()


@pytest.mark.parametrize("stranger", [99_999_999, "99999999", "099999999", 99_999_999.0])
def test_a_stranger_never_punches(stranger: object) -> None:
    told = log({**punched(event=2, image=PHOTO), "enrollid": stranger})
    assert told.entries == ()
    (notice,) = told.notices
    assert (notice.kind, notice.code) == ("stranger", None)
    assert PHOTO.encode() not in notice.raw


def test_what_is_told_again_is_the_same() -> None:
    record = punched(0, event=5, image=PHOTO)
    again = dict(reversed(list(record.items())))
    assert log(record).notices == log(again).notices


def test_a_photo_is_kept_as_its_digest() -> None:
    (entry,) = log(punched(image=PHOTO)).entries
    assert json.loads(entry.raw)["image"].keys() == {"sha256", "size"}
    assert PHOTO.encode() not in entry.raw


@pytest.mark.parametrize(
    ("said", "shown", "flags"),
    [
        ("2026-05-01 08:00:10", "2026-05-01T08:00:10", ()),
        ("2026-05-01T08:00:10", "2026-05-01T08:00:10", ()),
        ("2026-5-1 8:0:1", "2026-05-01T08:00:01", ()),
        ("2026-02-30 08:00:10", "2026-02-30T08:00:10", (IMPOSSIBLE_TIME,)),
        ("0000-00-00 00:00:00", "0000-00-00T00:00:00", (IMPOSSIBLE_TIME,)),
        ("2026-05-01 25:61:61", "2026-05-01T25:61:61", (IMPOSSIBLE_TIME,)),
    ],
)
def test_times(said: str, shown: str, flags: tuple[str, ...]) -> None:
    (entry,) = log({**punched(), "time": said}).entries
    assert (entry.device_time, entry.flags) == (shown, flags)


@pytest.mark.parametrize(
    "wrong",
    [
        {**punched(), "time": None},
        {**punched(), "time": "yesterday"},
        {**punched(), "time": "2026-05-01"},
        {**punched(), "time": "٢٠٢٦-05-01 08:00:10"},
        {**punched(), "enrollid": None},
        {**punched(), "enrollid": ""},
        {**punched(), "enrollid": "x" * 65},
        {**punched(), "enrollid": [17]},
        {**punched(), "enrollid": True},
        {},
    ],
)
def test_one_record_of_no_known_form_takes_no_other_along(wrong: dict[str, Any]) -> None:
    told = log(punched(1), wrong, punched(2))
    assert [entry.person for entry in told.entries] == ["1", "2"]
    assert len(told.unknown) == 1


@pytest.mark.parametrize("record", [5, "x", {"a": 1}, [5], [[]], ["x"]])
def test_a_frame_whose_records_are_none_is_of_no_known_form(record: object) -> None:
    with pytest.raises(DecodeError):
        live(cmd="sendlog", record=record)


@pytest.mark.parametrize("record", [None, []])
def test_a_frame_without_records_carries_nothing(record: object) -> None:
    assert live(cmd="sendlog", record=record) == Live()


def test_numbers_that_no_field_means_are_in_the_raw_record_only() -> None:
    (entry,) = log({**punched(), "mode": 2**40, "inout": "left", "event": None}).entries
    assert (entry.verify, entry.state, entry.event) == (None, None, None)
    assert json.loads(entry.raw)["mode"] == 2**40


def test_a_finger() -> None:
    data = thbio3()
    told = live(cmd="senduser", enrollid=17, name="Ali", backupnum=3, admin=2, record=shrunk(data))
    (person,), (template,) = told.people, told.templates
    assert (person.user_id, person.name, person.privilege) == ("17", "Ali", "enroller")
    assert person.credentials == (3,)
    assert (template.user_id, template.finger, template.algorithm) == ("17", 3, "thbio3.0")
    assert template.data.get_secret_value() == data


@pytest.mark.parametrize("prefix", ["", "data:image/jpeg;base64,"])
def test_a_photo_of_which_nobody_says_so(prefix: str) -> None:
    told = live(cmd="senduser", enrollid=17, name="Ali", record=prefix + PHOTO)
    (template,) = told.templates
    assert (template.finger, template.algorithm) == (50, "")
    assert template.data.get_secret_value().startswith(b"\xff\xd8\xff")


def test_a_password_and_a_card() -> None:
    told = live(cmd="senduser", enrollid=17, backupnum=10, record=1234)
    assert told.people[0].has_password
    assert told.templates[0].data.get_secret_value() == b"1234"
    told = live(cmd="senduser", enrollid=17, backupnum="11", record="2352253")
    assert told.people[0].card == 2_352_253
    assert told.templates[0].data.get_secret_value() == b"2352253"


def test_a_face_is_of_the_terminals_algorithm() -> None:
    (template,) = live(cmd="senduser", enrollid=17, backupnum=20, record="opaque").templates
    assert template.algorithm == "thbio3.0"


@pytest.mark.parametrize("record", ["0", "", 0, None])
def test_a_person_with_nothing_to_know_them_by(record: object) -> None:
    told = live(cmd="senduser", enrollid=17, name="Ali", backupnum=0, record=record)
    assert told.people[0].credentials == ()
    assert told.templates == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"enrollid": 17, "backupnum": 0, "record": "no hex"},
        {"enrollid": 17, "backupnum": 0, "record": "c5(9999)" * 9},
        {"enrollid": 17, "backupnum": 10, "record": "secret"},
        {"enrollid": 17, "backupnum": 50, "record": "!!!"},
        {"backupnum": 50, "record": PHOTO},
    ],
)
def test_a_person_of_no_known_form_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        live(cmd="senduser", **fields)


@pytest.mark.parametrize("name", ["sendgps", "heartbeat", "sendqrcode", "sendpin", "otacheck"])
def test_some_words_carry_nothing(name: str) -> None:
    assert live(cmd=name, record="123456") == Live()


def test_a_word_that_nobody_knows_is_said_to_be_so() -> None:
    with pytest.raises(DecodeError, match="nobodyknows"):
        live(cmd="nobodyknows")


@given(st.binary(max_size=200))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    try:
        TIMMY.live(body, {})
    except DecodeError:
        return


RECORDS = st.dictionaries(
    st.sampled_from(["enrollid", "time", "mode", "inout", "event", "image", "name"]),
    st.none()
    | st.integers()
    | st.booleans()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["2026-05-01 08:00:10", "0000-00-00 00:00:00", "17", "0", "99999999"])
    | st.lists(st.integers(), max_size=2),
)


@given(st.lists(RECORDS, max_size=4))
def test_any_record_is_a_punch_a_notice_or_unknown(records: list[dict[str, Any]]) -> None:
    body = json.dumps({"cmd": "sendlog", "record": records}, allow_nan=True).encode()
    try:
        told = TIMMY.live(body, {})
    except DecodeError:
        return
    assert len(told.entries) + len(told.notices) + len(told.unknown) == len(records)
    for entry in told.entries:
        fields = {**entry._asdict(), "ordinal": 0}
        assert TypeAdapter(PunchRecord).validate_python(fields)
        assert entry.person not in {"0", "99999999"}
    assert all(isinstance(each, Notice) for each in told.notices)


# ── a log that was read ──────────────────────────────────────────────────────


@given(st.integers(1, 50))
def test_a_log_says_the_same_in_pieces_of_any_size(size: int) -> None:
    conversation_rows = [punched(1), punched(0), punched(99_999_999), punched(2)]
    text = b"".join(json.dumps(each).encode() + b"\n" for each in conversation_rows)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert [entry.person for entry in TIMMY.log(pieces, "json", {})] == ["1", "2"]


@pytest.mark.parametrize("torn", [b'{"enrollid":1', b"{}\n", b"[]\n", b"nonsense\n", b"\xff\n"])
def test_a_torn_log_is_refused(torn: bytes) -> None:
    with pytest.raises(DecodeError):
        list(TIMMY.log([torn], "json", {}))
