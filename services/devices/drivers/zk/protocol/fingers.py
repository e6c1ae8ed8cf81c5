"""Fingerprints: templates written to a device, and fingers enrolled at it."""

from typing import Final

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.codec.users import User
from services.devices.drivers.zk.messages import (
    COMMIT,
    ENROLLED,
    ENROLLED_SIZE,
    FRAME_LIMIT,
    SIZE_WORD,
    START_ENROLL,
    START_ENROLL_OLD,
    Command,
    Event,
)
from services.devices.drivers.zk.protocol.cleanup import ending_with
from services.devices.drivers.zk.protocol.listening import listen
from services.devices.drivers.zk.protocol.people import find, put_user, read_users
from services.devices.drivers.zk.protocol.procedure import Ask, Await, Heard, Procedure, Tell
from services.devices.drivers.zk.protocol.reading import FINGERS, read_print
from services.devices.drivers.zk.protocol.replies import accept
from services.devices.drivers.zk.protocol.terms import Terms
from shared.contracts.actions import Count, Enroll, Enrolled, PutUser, WriteTemplates
from shared.contracts.errors import Code
from shared.contracts.operations import Progress
from shared.contracts.readings import Template

_SAMPLES: Final = 3
"""How often a finger is laid on."""
_PATIENCE: Final = 30.0
"""Seconds from one sign of the person to the next."""
_MOST_EVENTS: Final = 20
"""More signs than this are no enrolment that comes to an end."""
_DUPLICATE: Final = 5
_SIGNS: Final = frozenset({Event.FINGER, Event.ENROLLED, Event.SCORE})


def write_templates(terms: Terms, wanted: WriteTemplates) -> Procedure[Count]:
    """Write a person's fingerprints, read each back, and return how many there are.

    Whatever else the person is known by is left alone. Raises NOT_FOUND when the device does not
    hold the person, DEVICE_ERROR when a template that was acknowledged is not there.
    """
    fingers = tuple(each for each in wanted.templates if each.finger < FINGERS)
    users = yield from read_users(terms)
    user = find(users, wanted.user_id)
    for done, template in enumerate(fingers, start=1):
        yield from ending_with(_free, _upload(user, template))
        yield Tell(Progress(total=len(fingers), done=done))
    accept((yield Ask(Command.REFRESH_DATA)), "take up the templates")
    for template in fingers:
        yield from _see(user, template)
    return Count(count=len(fingers))


def enroll(terms: Terms, wanted: Enroll) -> Procedure[Enrolled]:
    """Let a person lay a finger on the device until it has a template.

    It always ends when the device has one: these devices tell how it goes only to who waits for it.
    Raises NOT_FOUND when the device does not hold the person and no name is given,
    ENROLMENT_FAILED when nobody came, the finger was not good enough, or is known already.
    """
    if wanted.finger >= FINGERS:
        raise DeviceError(Code.NOT_SUPPORTED, "These devices enrol fingers only, 0 to 9.")
    users = yield from read_users(terms)
    if wanted.name is not None and not any(each.is_person(wanted.user_id) for each in users):
        yield from put_user(terms, PutUser(user_id=wanted.user_id, create=True, name=wanted.name))
        users = yield from read_users(terms)
    user = find(users, wanted.user_id)
    size = yield from ending_with(_stop, _enroll(user, wanted.finger, terms))
    if size is None:
        one = yield from read_print(user.uid, wanted.finger)
        size = len(one.data) if one else 0
    return Enrolled(user_id=user.user_id, finger=wanted.finger, size=size)


def _upload(user: User, template: Template) -> Procedure[None]:
    data = template.data.get_secret_value()
    accept((yield Ask(Command.PREPARE_DATA, SIZE_WORD.pack(len(data)))), "take a template")
    for at in range(0, len(data), FRAME_LIMIT):
        accept((yield Ask(Command.DATA, data[at : at + FRAME_LIMIT])), "take a template's data")
    commit = COMMIT.pack(user.uid, template.finger, template.flag, len(data))
    accept((yield Ask(Command.TEMPLATE_WRITE, commit)), "keep a template")


def _free() -> Procedure[None]:
    yield Ask(Command.FREE_DATA, repeatable=True)


def _see(user: User, template: Template) -> Procedure[None]:
    there = yield from read_print(user.uid, template.finger)
    # What follows a template when it is read alone is padding, and so may be its own end.
    meant = template.data.get_secret_value().rstrip(b"\x00")
    if there is None or there.data.rstrip(b"\x00") != meant:
        held = f"other {len(there.data)} bytes" if there else "none"
        details = f"The device took the template of finger {template.finger}, but has {held} of it."
        raise DeviceError(Code.DEVICE_ERROR, details)


def _enroll(user: User, finger: int, terms: Terms) -> Procedure[int | None]:
    """Return the size of the new template, or None when the device does not tell it."""
    yield Ask(Command.CANCEL_CAPTURE)
    yield from listen(Event.PUNCH | Event.FINGER | Event.ENROLLED | Event.SCORE)
    accept((yield Ask(Command.START_ENROLL, _whose(user, finger, terms))), "start enrolling")
    accept((yield Ask(Command.START_VERIFY)), "wait for a finger")
    good = 0
    for _ in range(_MOST_EVENTS):
        heard: Heard = yield from _sign()
        if heard.code == Event.ENROLLED:
            return _size(heard.body)
        # A score of 0 is a finger that has to be laid on again.
        if heard.code == Event.SCORE and any(heard.body):
            good = min(good + 1, _SAMPLES)
            yield Tell(Progress(total=_SAMPLES, done=good))
    raise DeviceError(Code.ENROLMENT_FAILED, "The device came to no end of the enrolment.")


def _sign() -> Procedure[Heard]:
    try:
        heard: Heard = yield Await(_SIGNS, _PATIENCE)
    except DeviceError as error:
        if error.code != Code.DEVICE_NO_ANSWER:
            raise
        details = f"Nobody laid a finger on the device for {_PATIENCE:.0f} s."
        raise DeviceError(Code.ENROLMENT_FAILED, details) from error
    return heard


def _stop() -> Procedure[None]:
    yield Ask(Command.CANCEL_CAPTURE, repeatable=True)
    yield from listen()


def _whose(user: User, finger: int, terms: Terms) -> bytes:
    if terms.transport == "tcp":
        return START_ENROLL.pack(user.user_id.encode(), finger, 1)
    if not user.user_id.isdigit():
        details = "Over UDP a device enrols people with a number as user id only."
        raise DeviceError(Code.NOT_SUPPORTED, details)
    return START_ENROLL_OLD.pack(int(user.user_id), finger)


def _size(body: bytes) -> int | None:
    result = int.from_bytes(body[: ENROLLED.size], "little")
    if result == _DUPLICATE:
        details = "The finger is enrolled already, maybe of another person."
        raise DeviceError(Code.ENROLMENT_FAILED, details)
    if result or len(body) < ENROLLED.size:
        details = f"The device gave up with result {result}: the finger was not clear, or too late."
        raise DeviceError(Code.ENROLMENT_FAILED, details)
    if len(body) < ENROLLED_SIZE.size:
        return None
    return int(ENROLLED_SIZE.unpack_from(body)[1])
