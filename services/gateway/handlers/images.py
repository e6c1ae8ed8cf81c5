"""Photos that callers send: verified, made anew, and nothing but the picture kept of them."""

import asyncio
import base64
import binascii
from io import BytesIO
from typing import Final

from PIL import Image, ImageFile, ImageOps

from shared.contracts.errors import Code, FieldProblem
from shared.kit.errors import MusterError
from shared.kit.logging import get_logger

log = get_logger(__name__)

SIDE: Final = 1280
"""The most pixels of either side of what is kept."""
_PIXELS: Final = 25_000_000
"""The most pixels of what is sent: a phone's photo has half as many."""
_JPEG: Final = b"\xff\xd8\xff"
"""How every JPEG begins."""
_HEADS: Final = {"", "data:image/jpeg;base64", "data:image/jpg;base64"}
_QUALITY: Final = 85
_AT_ONCE: Final = 2
_NO_URI: Final = "must be base64, or a data URI that begins with data:image/jpeg;base64,"
_NO_BASE64: Final = "must be base64"
_NO_JPEG: Final = "must be a JPEG"
_TOO_MANY: Final = f"may have {_PIXELS} pixels at most"
_BROKEN: Final = "is no JPEG that can be read to its end"


class Images:
    """Makes photos anew, few at once: each takes memory by its pixels, not by its bytes."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def remade(self, sent: str) -> bytes:
        """Return a JPEG of at most SIDE pixels a side, without metadata.

        sent: a JPEG in base64, bare or as a data URI. Raises VALIDATION_ERROR naming ``image``.
        """
        jpeg = _decoded(sent)
        async with self._room:
            return await asyncio.to_thread(_remade, jpeg)


def _decoded(sent: str) -> bytes:
    head, _, body = sent.rpartition(",")
    if head.lower() not in _HEADS:
        raise _unfit(_NO_URI)
    try:
        jpeg = base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError):
        raise _unfit(_NO_BASE64) from None
    if not jpeg.startswith(_JPEG):
        raise _unfit(_NO_JPEG)
    return jpeg


def _remade(jpeg: bytes) -> bytes:
    try:
        with Image.open(BytesIO(jpeg), formats=["JPEG"]) as picture:
            small = picture.width * picture.height <= _PIXELS
            made = _again(picture) if small else b""
    except Exception as error:  # noqa: BLE001 - whatever hostile bytes do to a decoder
        log.info("no picture", error=repr(error)[:200], size=len(jpeg))
        raise _unfit(_BROKEN) from None
    if not small:
        raise _unfit(_TOO_MANY)
    return made


def _again(picture: ImageFile.ImageFile) -> bytes:
    # The decoder itself leaves out what would be thrown away.
    picture.draft("RGB", (SIDE, SIDE))
    upright = ImageOps.exif_transpose(picture).convert("RGB")
    upright.thumbnail((SIDE, SIDE))
    upright.info.clear()
    made = BytesIO()
    upright.save(made, "JPEG", quality=_QUALITY)
    return made.getvalue()


def _unfit(problem: str) -> MusterError:
    fields = (FieldProblem(field="image", problem=problem),)
    return MusterError(Code.VALIDATION_ERROR, f"image: {problem}", fields=fields)
