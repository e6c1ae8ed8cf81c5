"""Letting a person show the terminal a finger or a face: begun, and followed to its end."""

from typing import Any, Final

from services.devices.drivers.base import DeviceError, PersonEntry
from services.devices.drivers.timmy.codec.fields import number, text
from services.devices.drivers.timmy.codec.ids import enrollid
from services.devices.drivers.timmy.codec.people import rights
from services.devices.drivers.timmy.messages import ENROL_FLAG, FINGERS, PHOTO
from services.devices.drivers.timmy.protocol.looking import held, look, nobody
from services.devices.drivers.timmy.protocol.procedure import Ask, Pause, Procedure, Reply, Tell
from services.devices.drivers.timmy.protocol.replies import says_unknown, told
from services.devices.drivers.timmy.protocol.terms import Terms
from shared.contracts.actions import Enroll, Enrolled, Enrolment, EnrolmentBegun
from shared.contracts.errors import Code
from shared.contracts.operations import Progress

SAMPLES: Final = 3
"""How often a finger is laid on."""
_STORED: Final = 100
_EVERY: Final = 1.5
_LOOKS: Final = 40
"""A minute, in all (timmy.md 1.9)."""


def enroll(terms: Terms, wanted: Enroll) -> Procedure[Enrolled | EnrolmentBegun]:
    """Let a person be enrolled; with ``follow`` return when the terminal has the template.

    Raises NOT_FOUND when the person is not there and no name is given, NOT_SUPPORTED, and
    ENROLMENT_FAILED when nobody came, or the terminal gave up.
    """
    yield from _begin(terms, wanted)
    begun = EnrolmentBegun(user_id=wanted.user_id, finger=wanted.finger)
    return (yield from _followed(terms, begun)) if wanted.follow else begun


def progress(terms: Terms, begun: EnrolmentBegun) -> Procedure[Enrolment]:
    """Ask once how far an enrolment has come that was begun; ``started`` while it goes on.

    Where the terminal does not tell, it has come to its end once the slot has something.
    """
    reply: Reply = yield Ask({"cmd": "checkregstatus"})
    at = terms.now()
    if says_unknown(reply):
        there = yield from held(terms, begun.user_id, begun.finger)
        return Enrolment(state="started" if there is None else "captured", at=at)
    status = number(reply.body.get("status")) or 0
    if status == _STORED:
        return Enrolment(state="captured", samples=SAMPLES, at=at)
    if status < 0:
        details = text(reply.body.get("msg")) or f"The terminal gave up with status {status}."
        return Enrolment(state="failed", details=details, at=at)
    return Enrolment(state="started", samples=min(status, SAMPLES), at=at)


def _followed(terms: Terms, begun: EnrolmentBegun) -> Procedure[Enrolled]:
    samples = 0
    for _ in range(_LOOKS):
        yield Pause(_EVERY)
        now = yield from progress(terms, begun)
        if now.state == "failed":
            raise DeviceError(Code.ENROLMENT_FAILED, now.details)
        if now.state == "captured":
            there = yield from held(terms, begun.user_id, begun.finger)
            size = len(there[0].data.get_secret_value()) if there is not None else 0
            return Enrolled(user_id=begun.user_id, finger=begun.finger, size=size)
        if now.samples > samples:
            samples = now.samples
            yield Tell(Progress(total=SAMPLES, done=samples))
    raise DeviceError(Code.ENROLMENT_FAILED, "Nobody was enrolled within a minute.")


def _begin(terms: Terms, wanted: Enroll) -> Procedure[None]:
    _possible(terms, wanted.finger)
    person = yield from look(terms, wanted.user_id)
    if person is None:
        if wanted.name is None:
            raise nobody(wanted.user_id)
        person = PersonEntry(wanted.user_id, wanted.name, alias=wanted.alias)
    command: dict[str, Any] = {
        "cmd": "adduser",
        "enrollid": enrollid(wanted.user_id),
        "backupnum": wanted.finger,
        "admin": rights(person.privilege),
        "name": person.name or wanted.name or "",
        "flag": ENROL_FLAG,
    }
    if wanted.alias is not None:
        command["aliasid"] = wanted.alias
    yield from told(command, "begin an enrolment")


def _possible(terms: Terms, slot: int) -> None:
    if slot not in FINGERS and slot != PHOTO:
        details = f"Only fingers, 0 to 9, and a face, {PHOTO}, can be enrolled at a terminal."
        raise DeviceError(Code.NOT_SUPPORTED, details)
    if not terms.has_room(slot):
        kind = "faces" if slot == PHOTO else "fingers"
        raise DeviceError(Code.NOT_SUPPORTED, f"This terminal knows no {kind}.")
