"""What a scripted terminal says by itself, as Timmy terminals spell it."""

from __future__ import annotations

import json
from uuid import UUID

from shared.contracts.identity import punch_id
from tests.component.agent.device import Device, eventually
from tests.component.agent.house import House
from tests.component.agent.scripted import Script


def sendlog(*records: dict[str, object]) -> bytes:
    said = {"cmd": "sendlog", "sn": "SCRIPT", "count": len(records), "logindex": 1}
    return json.dumps({**said, "record": records}).encode()


def record(person: int, second: int = 0, **more: object) -> dict[str, object]:
    time = f"2026-05-01 08:{second // 60:02}:{second % 60:02}"
    return {"enrollid": person, "time": time, "mode": 8, "inout": 0, "event": 0, **more}


def senduser(person: int, slot: int, said: object) -> bytes:
    body = {"cmd": "senduser", "enrollid": person, "name": "Ali", "backupnum": slot, "record": said}
    return json.dumps(body).encode()


def backlog(people: int) -> bytes:
    return sendlog(*(record(1 + number, number) for number in range(people)))


def ids(serial: str, people: int) -> set[UUID]:
    return {
        punch_id(serial, str(1 + n), f"2026-05-01T08:{n // 60:02}:{n % 60:02}", 0)
        for n in range(people)
    }


async def joined(house: House) -> tuple[Device, Script]:
    device, script = house.scripted("timmy")
    await device.join()
    return device, script


async def answer(script: Script, body: bytes) -> bool:
    """Hand over something and wait for the answer."""
    known = len(script.settled)
    script.live.put_nowait(body)
    await eventually(lambda: len(script.settled) > known)
    return script.settled[-1]
