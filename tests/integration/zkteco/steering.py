"""Steers generated requests to terminals that are there, and away from every other machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import httpx
import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.hooks import unregister

NOWHERE = ipaddress.ip_address("127.0.50.0")
"""Nothing listens there, so a connection is refused at once."""
_PINS = 12
"""How many people every terminal begins with, from PIN 1001."""
_FRESH = 1.0
"""Seconds for which a list of devices is good enough."""


class Steering:
    """Changes only what is valid into what is valid, so that every check still means the same.

    Of five ids and names four become real ones; the fifth stays as it was generated.
    """

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._http = httpx.Client(base_url=url, headers=headers)
        self._asked_at = -_FRESH
        self._ids: list[int] = []
        self._jobs: list[str] = []

    def steer(self, case: Case[Any]) -> None:
        """Steer one request."""
        for sent in (case.path_parameters, case.query, case.body):
            if isinstance(sent, dict):
                sent.update({name: self._steered(name, value) for name, value in sent.items()})

    def hear(self, response: Response) -> None:
        """Remember the job that an answer tells of."""
        data = response.json().get("data") if response.content else None
        if isinstance(data, dict) and "job_id" in data:
            self._jobs.append(data["job_id"])

    def _steered(self, name: str, value: Any) -> Any:
        match name:
            case "device_id" | "target_device_id" if is_id(value):
                return chosen(self._devices(), int(value), value)
            case "user_id" if isinstance(value, str) and value.isascii() and value.isalnum():
                return chosen([str(1001 + each) for each in range(_PINS)], len(value), value)
            case "job_id" if self._jobs and isinstance(value, str) and value.isprintable():
                return chosen(self._jobs[-20:], len(value), value)
            case "ip" if is_address(value):
                return str(NOWHERE + 1 + len(value))
        return value

    def _devices(self) -> list[int]:
        """The ids that there are; some are removed and others made by what is sent."""
        if monotonic() - self._asked_at > _FRESH:
            self._asked_at = monotonic()
            answer = self._http.get("/api/v1/devices?limit=200")
            self._ids = [each["id"] for each in answer.json().get("data", ())]
        return self._ids


@contextmanager
def steered(url: str, headers: dict[str, str]) -> Iterator[None]:
    """Steer every request that is sent meanwhile; whose headers may look at the devices."""
    steering = Steering(url, headers)

    def before_call(_: HookContext, case: Case[Any], __: dict[str, Any]) -> None:
        steering.steer(case)

    def after_call(_: HookContext, __: Case[Any], response: Response) -> None:
        steering.hear(response)

    hooks = [schemathesis.hook(each) for each in (before_call, after_call)]
    yield
    for each in hooks:
        unregister(each)


def chosen(real: list[Any], seed: int, value: Any) -> Any:
    """Return one of the real values, or now and then the one that was generated."""
    if not real or seed % 5 == 0:
        return value
    return type(value)(real[seed % len(real)])


def is_id(value: object) -> bool:
    """Whether it is as good an id as any."""
    if isinstance(value, str):
        return value.isascii() and value.isdigit() and 0 < int(value) < 2**31
    return type(value) is int and 0 < value < 2**31


def is_address(value: object) -> bool:
    """Whether a connection to it could be tried."""
    try:
        ipaddress.ip_address(str(value))
    except ValueError:
        return False
    return isinstance(value, str)
