"""What a terminal knows people by: the ``record`` of a slot, into bytes and back (1.4, 1.5)."""

import base64
import binascii
import re
from typing import Any, Final

from pydantic import SecretBytes

from services.devices.drivers.base import DecodeError
from services.devices.drivers.timmy.messages import (
    CARD,
    CHECKED,
    FINGERS,
    PASSWORD,
    PHOTO,
    TEMPLATE_LIMIT,
    TEMPLATE_SIZES,
)
from shared.contracts.readings import Template

_ZEROS: Final = re.compile(rb"\x00{2,}")
_PART: Final = re.compile(r"\(([0-9]{1,4})\)|((?:[0-9a-fA-F]{2})++)")
_JPEG: Final = b"\xff\xd8\xff"
_PREFIX: Final = re.compile(r"data:image/[a-z]+;base64,", re.IGNORECASE)
_EMPTY: Final = frozenset({"", "0"})
_DIGITS: Final = frozenset({PASSWORD, CARD})
_NOT_MADE: Final = frozenset({PASSWORD, CARD, PHOTO})
"""What no algorithm made: any terminal can use it."""


def expanded(record: str) -> bytes:
    """Return the bytes of a fingerprint's template; ``(N)`` stands for N of them that are zero.

    Raises DecodeError for anything else than that and hexadecimal digits.
    """
    found, at = bytearray(), 0
    while at < len(record):
        part = _PART.match(record, at)
        if part is None or len(found) > TEMPLATE_LIMIT:
            msg = f"a fingerprint's template has no known form from character {at} on"
            raise DecodeError(msg)
        zeros, digits = part.groups()
        found += bytes(int(zeros)) if zeros else bytes.fromhex(digits)
        at = part.end()
    if len(found) > TEMPLATE_LIMIT:
        msg = f"a fingerprint's template has {len(found)} bytes, more than any"
        raise DecodeError(msg)
    return bytes(found)


def shrunk(data: bytes) -> str:
    """Return the record of a fingerprint's template: two zero bytes and more as their number."""
    said, at = [], 0
    for zeros in _ZEROS.finditer(data):
        said.append(data[at : zeros.start()].hex() + f"({len(zeros[0])})")
        at = zeros.end()
    return "".join(said) + data[at:].hex()


def flaw(data: bytes, algorithm: str) -> str | None:
    """Return what is wrong with a fingerprint's template, None when nothing is seen to be."""
    size = TEMPLATE_SIZES.get(algorithm, len(data))
    if len(data) != size:
        return f"a template of {algorithm} has {size} bytes, and this one {len(data)}"
    if algorithm == CHECKED and sum(data[:-2]) & 0xFFFF != int.from_bytes(data[-2:], "little"):
        return "its sum is wrong"
    return None


def template(user_id: str, slot: int, record: Any, algorithm: str) -> Template | None:
    """Return what a slot holds, None when that is nothing; raise DecodeError for no known form."""
    said = str(record).strip() if isinstance(record, str | int) else ""
    if said in _EMPTY:
        return None
    return Template(
        user_id=user_id,
        finger=slot,
        algorithm="" if slot in _NOT_MADE else algorithm,
        data=SecretBytes(_data(slot, said)),
    )


def record(one: Template) -> str | int:
    """Return a template as it is written into its slot; raise DecodeError for no known form."""
    data = one.data.get_secret_value()
    if one.finger in FINGERS:
        return shrunk(data)
    if one.finger == PHOTO:
        return base64.b64encode(data).decode()
    if one.finger in _DIGITS:
        return int(_digits(data.decode("ascii", "replace")))
    return data.decode("utf-8", "replace")


def is_photo(record: Any) -> bool:
    """Return whether a record of which nobody says the slot is a photo (1.6)."""
    if not isinstance(record, str):
        return False
    with_prefix = _PREFIX.match(record)
    return with_prefix is not None or record.startswith(base64.b64encode(_JPEG).decode())


def _data(slot: int, said: str) -> bytes:
    if slot in FINGERS:
        return expanded(said)
    if slot in _DIGITS:
        return _digits(said).encode()
    if slot != PHOTO:
        return said.encode()
    try:
        return base64.b64decode(_PREFIX.sub("", said, count=1), validate=True)
    except (binascii.Error, ValueError) as error:
        msg = "a photo is no base64"
        raise DecodeError(msg) from error


def _digits(said: str) -> str:
    if not (said.isascii() and said.isdigit()):
        msg = "a password or a card is no number"
        raise DecodeError(msg)
    return said
