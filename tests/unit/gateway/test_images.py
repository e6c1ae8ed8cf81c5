"""Photos that phones send: what comes out is a picture and nothing else, or a refusal."""

from __future__ import annotations

import base64
from io import BytesIO

import pytest
from PIL import Image

from services.gateway.handlers.images import SIDE, Images
from shared.contracts.errors import Code
from shared.kit.errors import MusterError

SECRET = b"GPS 33.3,44.4"


def jpeg(width: int = 64, height: int = 48, mode: str = "RGB", **more: object) -> bytes:
    made = BytesIO()
    Image.new(mode, (width, height), 128 if mode == "L" else (9,) * len(mode)).save(
        made, "JPEG", **more
    )
    return made.getvalue()


def sent(data: bytes, head: str = "") -> str:
    return head + base64.b64encode(data).decode()


def opened(data: bytes) -> Image.Image:
    picture = Image.open(BytesIO(data))
    picture.load()
    return picture


@pytest.mark.parametrize("head", ["", "data:image/jpeg;base64,", "DATA:image/JPEG;base64,"])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
async def test_a_jpeg_is_made_anew(head: str, mode: str) -> None:
    made = opened(await Images().remade(sent(jpeg(mode=mode), head)))
    assert (made.format, made.mode, made.size) == ("JPEG", "RGB", (64, 48))


@pytest.mark.parametrize(("width", "height"), [(3000, 2000), (1000, 4000), (1281, 1280)])
async def test_it_is_made_smaller(width: int, height: int) -> None:
    made = opened(await Images().remade(sent(jpeg(width, height))))
    assert max(made.size) == SIDE
    assert abs(made.width / made.height - width / height) < 0.01


async def test_nothing_but_the_picture_stays() -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif[0x0112] = 6  # turned by 90 degrees
    whole = jpeg(exif=exif, comment=SECRET, icc_profile=SECRET) + SECRET
    assert whole.count(SECRET) == 4
    made = await Images().remade(sent(whole))
    assert SECRET not in made
    picture = opened(made)
    assert not {"exif", "comment", "icc_profile"} & set(picture.info)
    assert picture.size == (48, 64)


def claiming(width: int, height: int) -> bytes:
    """A small JPEG that says it is a large one."""
    whole = bytearray(jpeg(progressive=True))
    frame = whole.index(b"\xff\xc2")
    whole[frame + 5 : frame + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(whole)


PNG = BytesIO()
Image.new("RGB", (8, 8)).save(PNG, "PNG")


@pytest.mark.parametrize(
    "image",
    [
        "%%%",
        "data:image/png;base64," + base64.b64encode(jpeg()).decode(),
        "data:text/html;base64,PGI+",
        sent(PNG.getvalue()),
        sent(b"<svg onload='x'/>"),
        sent(b""),
        sent(b"\xff\xd8\xff"),
        sent(jpeg(640, 480)[:300]),
        sent(jpeg()[:40] + b"\0" * 400),
        sent(claiming(65_000, 65_000)),
        sent(claiming(0, 0)),
        "ä" * 40,
    ],
    ids=[
        "no base64",
        "other type",
        "a page",
        "a PNG",
        "an SVG",
        "nothing",
        "a head",
        "cut",
        "zeros",
        "a bomb",
        "no size",
        "no ASCII",
    ],
)
async def test_what_is_no_jpeg_is_refused(image: str) -> None:
    with pytest.raises(MusterError) as refused:
        await Images().remade(image)
    problem = refused.value.problem
    assert problem.code is Code.VALIDATION_ERROR
    assert [each.field for each in problem.fields] == ["image"]
