"""One answer that comes in parts: PREPARE_DATA, numbered DATA packets and a closing OK."""

from typing import Final

from services.devices.drivers.zk.messages import TRANSFER

_LIMIT: Final = 1 << 20
"""The most one answer may hold. Tables come in chunks of 64 kB, so more is no honest answer."""
_NUMBERS: Final = 1 << 16


class TransferError(Exception):
    """Numbers or sums of a transfer disagree."""


class Transfer:
    """What has come of one transfer.

    ``announcement`` is the data of PREPARE_DATA. ``expected`` is the number after the last one of
    the transfer before, for a device that counts on instead of beginning with 0; None when that is
    not known. Every method raises TransferError.
    """

    def __init__(self, announcement: bytes, expected: int | None) -> None:
        self._size = _announced(announcement)
        self._expected = expected
        self._parts: dict[int, bytes] = {}
        self._come = 0
        self._last: int | None = None

    def announce(self, announcement: bytes) -> None:
        """Hear the announcement once more, as a network may double it."""
        if _announced(announcement) != self._size:
            msg = f"a second transfer began before the one of {self._size} bytes had ended"
            raise TransferError(msg)

    def take(self, number: int, data: bytes, *, ordered: bool) -> None:
        """Take one part in; ``ordered``: whether the network keeps order and doubles nothing."""
        if not ordered and self._parts.get(number) == data:
            return
        if number in self._parts or (ordered and not self._follows(number)):
            msg = f"part {number} came after part {self._last}"
            raise TransferError(msg)
        self._parts[number] = data
        self._last = number
        self._come += len(data)
        if self._come > self._size:
            msg = f"{self._size} bytes were announced and more came"
            raise TransferError(msg)

    def whole(self) -> bytes:
        """Return everything, in order."""
        if self._come != self._size:
            msg = f"{self._size} bytes were announced and {self._come} came"
            raise TransferError(msg)
        for first in self._firsts():
            numbers = [(first + index) % _NUMBERS for index in range(len(self._parts))]
            if all(number in self._parts for number in numbers):
                self._last = numbers[-1] if numbers else self._last
                return b"".join(self._parts[number] for number in numbers)
        msg = f"parts are numbered {min(self._parts)} to {max(self._parts)}, with gaps"
        raise TransferError(msg)

    @property
    def next_number(self) -> int | None:
        """The number the next transfer begins with, if the device counts on."""
        return self._expected if self._last is None else (self._last + 1) % _NUMBERS

    def _follows(self, number: int) -> bool:
        if self._last is not None:
            return number == (self._last + 1) % _NUMBERS
        return self._expected is None or number in {0, self._expected}

    def _firsts(self) -> tuple[int, ...]:
        if self._expected is None:
            return (0, min(self._parts, default=0))
        return (0, self._expected)


def _announced(announcement: bytes) -> int:
    if len(announcement) < TRANSFER.size:
        msg = f"a transfer is announced in {len(announcement)} bytes"
        raise TransferError(msg)
    size, _ = TRANSFER.unpack_from(announcement)
    if size > _LIMIT:
        msg = f"{size} bytes are announced in one answer"
        raise TransferError(msg)
    return int(size)
