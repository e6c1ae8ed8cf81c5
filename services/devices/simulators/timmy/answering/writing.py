"""What a terminal demands of a credential before it stores it.

Source: sections 1.4 and 1.5 of the protocol notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.devices.simulators.timmy import photos, templates
from services.devices.simulators.timmy.answering.request import RefusedError, number
from services.devices.simulators.timmy.credentials import PROFILE_ONLY
from services.devices.simulators.timmy.traits import CARD, FACES, FINGERS, PALMS, PASSWORD, PHOTO

if TYPE_CHECKING:
    from collections.abc import Container

    from services.devices.simulators.timmy.credentials import Record
    from services.devices.simulators.timmy.device import TimmyDevice

_LARGEST: Final = {PASSWORD: 99_999_999, CARD: 0xFFFFFFFF}
_FULL: Final = "the memory is full"
_KINDS: Final[tuple[Container[int], ...]] = (
    FINGERS,
    (PASSWORD,),
    (CARD,),
    (*FACES, PHOTO),
    PALMS,
)


def accepted(device: TimmyDevice, enrollid: int, slot: int, record: object) -> Record:
    """Return a record as it is stored; RefusedError with the reason where it cannot be."""
    if slot == 0 and record == PROFILE_ONLY and device.traits.faces:
        demand_room(device, enrollid)
        return PROFILE_ONLY
    stored = _readable(device, enrollid, slot, record)
    _demand_slot(device, enrollid, slot)
    return stored


def demand_room(device: TimmyDevice, enrollid: int) -> None:
    """Raise RefusedError where one more person has no place."""
    held = device.credentials
    if enrollid not in held.people and len(held) >= device.spec.capacity:
        raise RefusedError(_FULL)


def demand_sensor(device: TimmyDevice, slot: int) -> None:
    """Raise RefusedError where the terminal has nothing that could read this kind."""
    traits = device.traits
    fits = (
        slot in {PASSWORD, CARD}
        or (slot in FINGERS and traits.fingers)
        or ((slot in FACES or slot == PHOTO) and traits.faces)
        or (slot in PALMS and traits.palms)
    )
    if not fits:
        sentence = f"backupnum {slot} is not supported"
        raise RefusedError(sentence)


def _demand_slot(device: TimmyDevice, enrollid: int, slot: int) -> None:
    demand_room(device, enrollid)
    held = device.credentials
    person = held.people.get(enrollid)
    kind = next(slots for slots in _KINDS if slot in slots)
    is_new = person is None or slot not in person.records
    if is_new and held.used(kind) >= device.spec.capacity:
        raise RefusedError(_FULL)


def _readable(device: TimmyDevice, enrollid: int, slot: int, record: object) -> Record:
    demand_sensor(device, slot)
    if slot in _LARGEST:
        return _digits(record, _LARGEST[slot])
    if not isinstance(record, str) or not record:
        sentence = "record is missing"
        raise RefusedError(sentence)
    if slot in FINGERS:
        return _finger(record, device.spec.algorithm)
    return _photo(device, enrollid, photos.bare(record)) if slot == PHOTO else record


def _digits(record: object, largest: int) -> int:
    value = number({"record": record}, "record")
    if not 0 <= value <= largest:
        sentence = "record is too large"
        raise RefusedError(sentence)
    return value


def _finger(record: str, algorithm: str) -> str:
    template = templates.read(record, algorithm)
    if template is None:
        sentence = f"record is no template of {algorithm}"
        raise RefusedError(sentence)
    return templates.written(template)


def _photo(device: TimmyDevice, enrollid: int, record: str) -> str:
    reason = photos.judged(record)
    if reason is None and device.credentials.owner(record, PHOTO) not in {None, enrollid}:
        reason = photos.KNOWN_FACE
    if reason is not None:
        sentence = f"the photo is refused ({reason})"
        raise RefusedError(sentence, reason)
    return record
