"""Users of both widths: what they say, what is changed, and which width it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.devices.drivers.base import (
    DecodeError,
    DeviceError,
)
from services.devices.drivers.catalog import DRIVERS
from services.devices.drivers.zk.codec import (
    forms,
    users,
)
from services.devices.drivers.zk.codec.users import FORM_28, FORM_72
from shared.contracts.actions import PutUser
from shared.contracts.errors import Code
from tests.unit.drivers.made import user_28, user_72

ZK = DRIVERS["zk"]
NAMES = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=8)
FORMS = st.sampled_from([FORM_28, FORM_72])


@given(FORMS, st.data())
def test_a_user_of_whom_nothing_is_changed_stays_the_same_byte_for_byte(
    form: users.Form, data: st.DataObject
) -> None:
    record = data.draw(st.binary(min_size=form.width, max_size=form.width))
    (user,) = users.users(record, form)
    user.entry("gbk")
    assert users.changed(user, PutUser(user_id="1", create=False), "utf-8").record == record


CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "name": NAMES,
        "privilege": st.sampled_from(["user", "enroller", "manager", "admin"]),
        "disabled": st.booleans(),
        "password": st.from_regex(r"[0-9]{0,5}", fullmatch=True),
        "card": st.integers(1, 2**32 - 1),
        "group": st.integers(0, 99),
    },
)


@given(FORMS, CHANGES)
def test_what_is_written_is_read_back_and_the_rest_stays(
    form: users.Form, fields: dict[str, object]
) -> None:
    there = {
        FORM_28: user_28(9, 4711, "Ned", card=5, pad=6, flags=3, password=b"1\0\xff:"),
        FORM_72: user_72(9, "4711", "Ned", card=5, flags=3, password=b"1\0\xff:"),
    }[form]
    (user,) = users.users(there, form)
    before = user.entry("utf-8")._asdict()
    change = PutUser.model_validate({"user_id": "4711", "create": False, **fields})
    after = users.changed(user, change, "utf-8").entry("utf-8")._asdict()
    for name, value in before.items():
        if name == "has_password":
            assert after[name] == bool(fields.get("password", value))
        elif name == "name" and "name" in fields:
            assert str(change.name).startswith(after[name])
        else:
            assert after[name] == fields.get(name, value)


def test_time_zones_and_the_fifth_byte_of_a_card_are_kept() -> None:
    (user,) = users.users(user_28(9, 4711, pad=6), FORM_28)
    change = PutUser(user_id="4711", create=False, card=1, group=2)
    assert users.changed(user, change, "utf-8").record == user_28(9, 4711, pad=6, card=1, group=2)


@pytest.mark.parametrize("user_id", ["AB1", "4294967296", "99999999999"])
def test_a_narrow_form_takes_numbers_only(user_id: str) -> None:
    with pytest.raises(DeviceError) as error:
        users.new(1, user_id, FORM_28)
    assert error.value.code == Code.NOT_SUPPORTED


@pytest.mark.parametrize(
    ("form", "password", "code"),
    [
        (FORM_28, "123456", Code.NOT_SUPPORTED),
        (FORM_72, "12ab", Code.VALIDATION_ERROR),
        (FORM_72, "١٢", Code.VALIDATION_ERROR),
    ],
)
def test_passwords_that_a_device_cannot_hold(form: users.Form, password: str, code: Code) -> None:
    change = PutUser.model_validate({"user_id": "1", "create": True, "password": password})
    with pytest.raises(DeviceError) as error:
        users.changed(users.new(1, "1", form), change, "utf-8")
    assert error.value.code == code
    assert password not in error.value.details


def test_ids_are_the_same_however_they_are_padded() -> None:
    (user,) = users.users(user_28(9, 42), FORM_28)
    assert user.is_person("0042")
    assert not user.is_person("420")


@pytest.mark.parametrize(("flags", "privilege"), [(0, "user"), (2, "enroller"), (4, "enroller")])
def test_privileges(flags: int, privilege: str) -> None:
    (user,) = users.users(user_72(1, "1", flags=flags | 1), FORM_72)
    entry = user.entry("utf-8")
    assert (entry.privilege, entry.disabled) == (privilege, True)


@settings(max_examples=150)
@given(
    FORMS,
    st.lists(
        st.tuples(st.integers(1, 65_535), st.integers(1, 999_999_999), NAMES),
        min_size=1,
        max_size=40,
        unique_by=lambda each: each[0],
    ),
    st.booleans(),
)
def test_the_form_of_users_is_found(
    form: users.Form, people: list[tuple[int, int, str]], counted: bool
) -> None:
    rows = b"".join(
        user_28(uid, pin, name[:2]) if form is FORM_28 else user_72(uid, str(pin), name[:4])
        for uid, pin, name in people
    )
    count = len(people) if counted else None
    assert forms.form_of(rows, count, count) is form


@pytest.mark.parametrize("count", [1, 2, 7, 18])
@pytest.mark.parametrize("width", [16, 29, 73, 80, 84])
def test_an_unknown_form_of_users_is_refused(width: int, count: int) -> None:
    rows = b"".join(
        user_72(at + 1, str(at + 100), "Ned").ljust(width, b"\0")[:width] for at in range(count)
    )
    with pytest.raises(DecodeError):
        forms.form_of(rows, count, count)


def test_a_user_that_is_missing_is_an_incomplete_pull() -> None:
    rows = user_72(1, "1", "Ned") + user_72(2, "2", "Ann")
    with pytest.raises(DeviceError) as error:
        forms.form_of(rows, 3, 3)
    assert error.value.code == Code.PULL_INCOMPLETE


@given(st.binary(max_size=600))
def test_garbage_is_users_or_refused(garbage: bytes) -> None:
    try:
        form = forms.form_of(garbage, None, None)
    except DecodeError:
        return
    assert len(users.users(garbage, form)) == len(garbage) // form.width
