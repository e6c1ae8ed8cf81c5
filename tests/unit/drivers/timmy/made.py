"""Made-up templates, photos, records and frames, as terminals would have them."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from random import Random
from typing import Any

from pydantic import SecretBytes

from shared.contracts.readings import Template

SERIAL = "ZXRE06022863"
WALL_CLOCK = datetime(2026, 5, 1, 8, 0, 5)  # noqa: DTZ001 - a terminal's wall clock has no zone
PHOTO = base64.b64encode(b"\xff\xd8\xff\xe0" + b"a made-up picture" * 20).decode()
INFO_B: dict[str, Any] = {
    "modelname": "AiFace",
    "usersize": 5000,
    "facesize": 5000,
    "fpsize": 0,
    "cardsize": 5000,
    "pwdsize": 5000,
    "logsize": 500000,
    "useduser": 42,
    "usedface": 40,
    "usedfp": 0,
    "usedcard": 11,
    "usedpwd": 3,
    "usedlog": 1903,
    "usednewlog": 7,
    "fpalgo": "thbio3.0",
    "firmware": "AiF43V_v4.40",
    "time": "2026-05-01 08:00:02",
    "mac": "00-01-F5-00-00-01",
}
INFO_A: dict[str, Any] = {
    "modelname": "tfs30",
    "usersize": 3000,
    "fpsize": 3000,
    "logsize": 193877,
    "fpalgo": "thbio3.0",
    "firmware": "TH900_click V5.0",
}


def thbio3(seed: int = 1) -> bytes:
    """A template of 810 bytes with runs of zeros, which ends in the sum of the others."""
    random = Random(seed)  # noqa: S311 - no secret
    body = b"\xc5" + random.randbytes(300) + bytes(200) + random.randbytes(100)
    body = body.ljust(808, b"\0")
    return body + (sum(body) & 0xFFFF).to_bytes(2, "little")


def template(slot: int, data: bytes, algorithm: str = "thbio3.0") -> Template:
    algorithm = "" if slot in {10, 11, 50} else algorithm
    return Template(user_id="17", finger=slot, algorithm=algorithm, data=SecretBytes(data))


def frame(**fields: Any) -> str:
    return json.dumps({"sn": SERIAL, **fields})


def punched(enrollid: int = 17, second: int = 10, **fields: Any) -> dict[str, Any]:
    time = f"2026-05-01 08:{second // 60 % 60:02}:{second % 60:02}"
    return {"enrollid": enrollid, "time": time, "mode": 8, "inout": 0, "event": 0, **fields}
