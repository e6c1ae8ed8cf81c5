"""Which form a table of users has, by the same kind of evidence as a log."""

from services.devices.drivers.zk.codec.evidence import Claim, form_by_evidence
from services.devices.drivers.zk.codec.layouts import id_bits
from services.devices.drivers.zk.codec.users import FORM_28, FORM_72, FORMS, Form
from services.devices.drivers.zk.messages import USER_28, USER_72

_RIGHTS = frozenset({0, 1, 2, 3, 6, 7, 14, 15})
_SAMPLE = 200
"""Records that are looked at."""
_GREATEST_GROUP = 99
_GREATEST_PIN = 999_999_999


def form_of(rows: bytes, before: int | None, after: int | None) -> Form:
    """Return the form of a table of users that is not empty.

    ``before`` and ``after`` are how many users the device counted before and after the reading,
    None where it does not tell. Raises as ``form_by_evidence`` does.
    """
    widths = {str(width): width for width in FORMS}
    claim = Claim("user records", len(rows), before, after)
    form = form_by_evidence(claim, widths, lambda width: _score(rows, FORMS[int(width)]))
    return FORMS[int(form)]


def _score(rows: bytes, form: Form) -> float:
    sample = rows[: form.width * _SAMPLE]
    uids = [fields[0] for fields in form.shape.iter_unpack(sample)]
    # A slot is one person's; and a wrong width reads the same zeros again and again.
    twice = len(uids) - len(set(uids))
    bits = _BITS[form.width]
    records = range(0, len(sample), form.width)
    return sum(bits(sample[at : at + form.width]) for at in records) - 12 * twice


def _bits_28(record: bytes) -> float:
    uid, flags, _, name, _, _, group, _, pin = USER_28.unpack(record)
    person = 2 if 0 < pin <= _GREATEST_PIN else -8
    return _common(uid, flags, name, group) + person


def _bits_72(record: bytes) -> float:
    uid, flags, _, name, _, group, own_zones, *_, user_id = USER_72.unpack(record)
    return _common(uid, flags, name, group) + (6 if own_zones <= 1 else -6) + id_bits(user_id)


def _common(uid: int, flags: int, name: bytes, group: int) -> float:
    said = name.split(b"\x00", 1)[0]
    # In every code page that is in use, letters are from 32 up.
    letters = 2 if all(byte >= 32 for byte in said) else -10
    rights = 4 if flags in _RIGHTS else -8
    return letters + rights + (1 if uid else -8) + (1 if group <= _GREATEST_GROUP else -5)


_BITS = {FORM_28.width: _bits_28, FORM_72.width: _bits_72}
