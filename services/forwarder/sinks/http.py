"""POST a delivery to a target over HTTP.

The body holds only what the receivers of the documented format expect; all else is in headers, and
id, timestamp and signature as Standard Webhooks has them (standardwebhooks.com).
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import httpx

from shared.kit import telemetry
from shared.kit.clock import Clock

TOTAL_SECONDS: Final = 15.0
_CONNECT_SECONDS: Final = 5.0
_LONGEST_ANSWER: Final = 64 * 1024
_KEPT: Final = 2000
"""Characters of an answer that are kept."""


class Outgoing(NamedTuple):
    """What a target is sent."""

    id: UUID
    sequence: int
    serial_number: str
    records: Sequence[Mapping[str, Any]]
    punch_ids: Sequence[UUID]


class Answer(NamedTuple):
    """What came of it: a status and a text, or else an error."""

    status: int | None
    confirmed: bool
    text: str
    error: str | None


class HttpSink:
    """One target's address and secret."""

    def __init__(self, url: str, token: str, clock: Clock) -> None:
        self._url = url
        self._token = token
        self._clock = clock
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(TOTAL_SECONDS, connect=_CONNECT_SECONDS),
            # A redirect could carry the token to somebody else; proxies come by settings only.
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def post(self, outgoing: Outgoing, seconds: float) -> Answer:
        """POST once, within so many seconds and TOTAL_SECONDS.

        Failures of the network are answers too.
        """
        if self._client.is_closed:
            return Answer(None, confirmed=False, text="", error="The forwarder is stopping")
        if seconds <= 0:
            return Answer(None, confirmed=False, text="", error="There was no time left for it")
        body = body_of(outgoing)
        headers = self._headers(outgoing, body)
        try:
            async with (
                asyncio.timeout(min(seconds, TOTAL_SECONDS)),
                self._client.stream("POST", self._url, content=body, headers=headers) as response,
            ):
                answer = await _read(response)
        except (httpx.HTTPError, TimeoutError) as error:
            return Answer(None, confirmed=False, text="", error=f"{type(error).__name__}: {error}")
        text = answer.decode(errors="replace").replace("\x00", "")[:_KEPT]
        confirmed = len(answer) <= _LONGEST_ANSWER and confirms(answer)
        return Answer(response.status_code, confirmed, text, error=None)

    def _headers(self, outgoing: Outgoing, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._clock.now().timestamp()))
        headers: dict[str, str] = {
            **telemetry.carry(),
            "content-type": "application/json",
            "accept": "application/json",
            # Unpacking is where a small answer becomes a large one.
            "accept-encoding": "identity",
            "user-agent": "muster",
            "muster-sequence": str(outgoing.sequence),
            "muster-punch-ids": ",".join(str(each) for each in outgoing.punch_ids),
            "webhook-id": str(outgoing.id),
            "webhook-timestamp": timestamp,
        }
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
            headers["webhook-signature"] = signature(self._token, str(outgoing.id), timestamp, body)
        return headers


def body_of(outgoing: Outgoing) -> bytes:
    """Return the body: serial number and records, nothing else."""
    records = [
        {"enrollid": each["enrollid"], "time": each["time"], "event": each["event"]}
        for each in outgoing.records
    ]
    return json.dumps({"sn": outgoing.serial_number, "record": records}).encode()


def signature(token: str, message_id: str, timestamp: str, body: bytes) -> str:
    """Return the Standard Webhooks signature, version 1; the key is the token's bytes."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(token.encode(), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def confirms(answer: bytes) -> bool:
    """Tell whether an answer is JSON that says ``success`` is true, and not just something true."""
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("success") is True


async def _read(response: httpx.Response) -> bytes:
    """Return the answer's bytes; of one that is too long, little more than is allowed."""
    answer = bytearray()
    async for chunk in response.aiter_raw():
        answer += chunk
        if len(answer) > _LONGEST_ANSWER:
            break
    return bytes(answer)
