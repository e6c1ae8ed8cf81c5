"""One target per codec: takes any bytes, fails on anything but the errors that are documented."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Final

from services.devices.drivers.base import DecodeError, Table
from services.devices.drivers.timmy.codec import frames
from services.devices.drivers.timmy.protocol.conversation import Conversation as TimmyConversation
from services.devices.drivers.timmy.protocol.conversation import Handed
from services.devices.drivers.timmy.protocol.driver import TimmyDriver
from services.devices.drivers.zk.codec import (
    forms,
    layouts,
    live,
    logs,
    operations,
    options,
    packets,
    sizes,
    templates,
    texts,
    users,
)
from services.devices.drivers.zk.messages import Command
from services.devices.drivers.zk.protocol.conversation import Answered, Conversation, Failed
from services.devices.drivers.zk.protocol.procedure import Ask
from shared.contracts.actions import PutUser

_NOW: Final = datetime(2026, 3, 2, 12)  # noqa: DTZ001 - a device's wall clock has no zone
_CODE_PAGES: Final = ("utf-8", "gbk", "cp1251", "cp1256", "shift_jis")
_NOTHING: Final = PutUser(user_id="1", create=False)


def conversation(data: bytes) -> None:
    """First byte: over UDP or TCP; second: how large the pieces are; then what a device sends."""
    datagrams, size, stream = bool(data[:1].strip(b"\0")), max(data[1:2], default=0) + 1, data[2:]
    talk = Conversation(datagrams=datagrams)
    talk.ask(Ask(Command.CONNECT))
    for at in range(0, len(stream), size):
        for event in talk.receive(stream[at : at + size]):
            if isinstance(event, Answered):
                assert len(event.reply.data) <= len(stream)
            if isinstance(event, Failed):
                assert event.error.details
        if not talk.waiting and not talk.lost:
            talk.ask(Ask(Command.READ_BUFFER))
    if not datagrams:
        packets.decode(stream)


def frame(data: bytes) -> None:
    """Frames of a Timmy terminal, a line each, after it said who it is."""
    talk = TimmyConversation()
    talk.receive('{"cmd":"reg","sn":"ZXRE06022863","devinfo":{"fpalgo":"thbio3.0"}}')
    for line in data.split(b"\n"):
        with suppress(DecodeError):
            body = frames.parsed(line)
            assert frames.parsed(frames.canonical(body)) == body
        if not talk.waiting and not talk.owes("getuserlist"):
            talk.ask({"cmd": "getuserlist", "stn": True})
        told = talk.receive(line)
        if isinstance(told, Handed):
            with suppress(DecodeError):
                TimmyDriver().live(told.body, {})
            answer = talk.settled(kept=True, now_local=_NOW)
            assert answer is None or not frames.parsed(answer).get("access")


def log(data: bytes) -> None:
    """First byte: the layout; then records."""
    forced = tuple(logs.LAYOUTS)[max(data[:1], default=0) % len(logs.LAYOUTS)]
    rows = data[1:]
    with suppress(DecodeError):
        _read(rows, forced)
    with suppress(DecodeError):
        found = layouts.layout_of([rows], Table(len(rows), None, None, ""), _NOW, "auto")
        _read(rows, found)


def people(data: bytes) -> None:
    """A table of users."""
    with suppress(DecodeError):
        form = forms.form_of(data, None, None)
        for user in users.users(data, form):
            for encoding in _CODE_PAGES:
                user.entry(encoding).name.encode("utf-8")
            assert users.changed(user, _NOTHING, "utf-8").record == user.record


def punch(data: bytes) -> None:
    """The body of a live punch."""
    with suppress(DecodeError):
        entry = live.punch(data, {7: "4711"})
        assert entry.raw == data
        assert len(entry.device_time) == 19


def small(data: bytes) -> None:
    """Sizes, options and texts."""
    told = sizes.sizes(data)
    assert (told is None) == (len(data) < 80)
    for encoding in _CODE_PAGES:
        said = options.value_of("MAC", data, encoding)
        assert said is None or "\0" not in said
        assert len(texts.cut(texts.text(data, encoding), 8, encoding)) <= 8


def template(data: bytes) -> None:
    """The table of templates, a single one, and the operation log."""
    with suppress(DecodeError):
        assert b"".join(each.encode() for each in templates.prints(data)) == data
    assert data.startswith(templates.single(data))
    with suppress(DecodeError):
        list(operations.operations(data))


def _read(rows: bytes, layout: str) -> None:
    entries = list(logs.records([rows[:7], rows[7:]], layout, {1: "4711"}))
    assert b"".join(each.raw for each in entries) == rows
    assert all(len(each.device_time) == 19 for each in entries)


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "conversation": conversation,
    "frame": frame,
    "log": log,
    "people": people,
    "punch": punch,
    "small": small,
    "template": template,
}
