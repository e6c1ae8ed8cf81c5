"""Counts and capacities: the answer to SIZES, in the forms that exist."""

from typing import NamedTuple

from services.devices.drivers.zk.messages import SIZES, SIZES_FACES
from shared.contracts.actions import Counts


class Sizes(NamedTuple):
    """What a device holds and what it can hold."""

    counts: Counts
    capacity: Counts


def sizes(body: bytes) -> Sizes | None:
    """Return the sizes, or None when the device does not tell them all at once.

    92 bytes are usual; 80 lack the faces, 112 have something unknown behind them. Models like WL10
    and D2 answer 4 bytes, one number of an unpublished index: that does not mean an empty device.
    """
    if len(body) < SIZES.size:
        return None
    said = SIZES.unpack_from(body)
    faces = face_capacity = None
    if len(body) >= SIZES.size + SIZES_FACES.size:
        faces, face_capacity = SIZES_FACES.unpack_from(body, SIZES.size)
    return Sizes(
        Counts(
            users=said[4],
            fingerprints=said[6],
            records=said[8],
            operations=said[10],
            admins=said[12],
            passwords=said[13],
            faces=faces,
        ),
        Counts(fingerprints=said[14], users=said[15], records=said[16], faces=face_capacity),
    )
