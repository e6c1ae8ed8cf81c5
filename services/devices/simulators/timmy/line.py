"""One WebSocket that a terminal dialed: text out, text in, and every way to let it go wrong."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final, Protocol, cast

from typing_extensions import override
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.uri import WebSocketURI, parse_uri

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST: Final = 8 * 1024 * 1024
_PIECE: Final = 4096
_DIAL_SECONDS: Final = 10.0


class Ear(Protocol):
    """Who hears what comes over a line."""

    def dialed(self, line: Line) -> None:
        """Take the line, on which the upgrade is asked for."""

    def opened(self) -> None:
        """Begin: the server accepted the upgrade."""

    def heard(self, text: str) -> None:
        """Take a message."""

    def gone(self) -> None:
        """End: the line is closed, whether or not it was ever opened."""


class _Client(ClientProtocol):
    """A client that can be made to leave pings unanswered."""

    def __init__(self, uri: WebSocketURI, pongs: Callable[[], bool]) -> None:
        super().__init__(uri, max_size=_LONGEST)
        self._pongs = pongs

    @override
    def send_frame(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.PONG or self._pongs():
            super().send_frame(frame)


class Line(asyncio.Protocol):
    """A connection of one terminal. It has no task of its own; there may be thousands."""

    def __init__(self, uri: WebSocketURI, ear: Ear, pongs: Callable[[], bool]) -> None:
        self._client = _Client(uri, pongs)
        self._ear = ear
        self._text = bytearray()
        self._deaf = False
        self._transport: asyncio.Transport

    @property
    def farewell(self) -> str:
        """Return how the server ended it: close code and reason, or why it refused the upgrade."""
        if self._client.handshake_exc is not None:
            return str(self._client.handshake_exc)
        return f"{self._client.close_code} {self._client.close_reason}".strip()

    def say(self, text: str, *, in_pieces: bool = False) -> None:
        """Send a message; on a deaf line or one that is closing it is lost."""
        if self._deaf or self._transport.is_closing():
            return
        content = text.encode()
        size = _PIECE if in_pieces else len(content)
        self._client.send_text(content[:size], fin=len(content) <= size)
        for start in range(size, len(content), size):
            self._client.send_continuation(
                content[start : start + size], fin=start + size >= len(content)
            )
        self._flush()

    def fall_silent(self) -> None:
        """Neither read nor say anything any more, and close nothing."""
        self._deaf = True
        self._transport.pause_reading()

    def wake(self) -> bool:
        """Read what came while the line was deaf, and go on; return whether it was."""
        was_deaf = self._deaf and not self._transport.is_closing()
        if was_deaf:
            self._deaf = False
            self._transport.resume_reading()
        return was_deaf

    def cut(self) -> None:
        """Drop the connection without a farewell."""
        self._transport.abort()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ear.dialed(self)
        self._client.send_request(self._client.connect())
        self._flush()

    @override
    def data_received(self, data: bytes) -> None:
        self._client.receive_data(data)
        for event in self._client.events_received():
            if isinstance(event, Frame):
                self._hear(event)
            elif self._client.handshake_exc is None:
                self._ear.opened()
        self._flush()

    @override
    def eof_received(self) -> None:
        self._client.receive_eof()
        self._flush()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._ear.gone()

    def _hear(self, frame: Frame) -> None:
        if frame.opcode in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
            self._text += frame.data
            if frame.fin:
                text, self._text = self._text.decode("utf-8", "replace"), bytearray()
                self._ear.heard(text)

    def _flush(self) -> None:
        for content in self._client.data_to_send():
            if self._transport.is_closing():
                return
            if content:
                self._transport.write(content)
            else:
                self._transport.close()


async def dial(url: str, ear: Ear, pongs: Callable[[], bool]) -> None:
    """Connect and ask for the upgrade, at most 10 s; `ear` hears the rest. OSError if in vain."""
    uri = parse_uri(url)
    security = _trusting() if uri.secure else None
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_DIAL_SECONDS):
        await loop.create_connection(
            lambda: Line(uri, ear, pongs), uri.host, uri.port, ssl=security
        )


def _trusting() -> ssl.SSLContext:
    # No terminal is known to check a certificate.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
