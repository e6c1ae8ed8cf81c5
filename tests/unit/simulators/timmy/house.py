"""A server for terminals to dial: answers as it is told, and keeps every message."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable

    Answer = Callable[[dict[str, Any]], dict[str, Any] | None]

PATIENCE = 5.0
CLOUDTIME = "2026-05-01 08:00:05"


async def met(condition: Callable[[], bool]) -> None:
    """Wait for what a terminal does on its own; TimeoutError when it never does."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)


def accepted(_: dict[str, Any]) -> dict[str, Any]:
    return {"ret": "reg", "result": True, "nosenduser": True}


def acknowledged(message: dict[str, Any]) -> dict[str, Any]:
    echo: dict[str, Any] = {
        name: message[name] for name in ("count", "logindex") if name in message
    }
    return {"ret": message["cmd"], "result": True, **echo}


def silent(_: dict[str, Any]) -> None:
    return None


class House:
    """`answers` by the name of the terminal's message; `lines` from the oldest to the newest."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {
            "reg": accepted,
            "sendlog": acknowledged,
            "senduser": acknowledged,
        }
        self.lines: list[ServerConnection] = []
        self.paths: list[str] = []
        self.texts: list[str] = []
        self.url = ""
        self._heard: defaultdict[str, asyncio.Queue[dict[str, Any]]] = defaultdict(asyncio.Queue)

    async def next(self, name: str) -> dict[str, Any]:
        """Return the next message of that cmd or ret; TimeoutError when none comes."""
        async with asyncio.timeout(PATIENCE):
            return await self._heard[name].get()

    def waiting(self, name: str) -> int:
        return self._heard[name].qsize()

    async def say(self, **message: object) -> None:
        await self.lines[-1].send(json.dumps(message))

    async def ask(self, cmd: str, **fields: object) -> dict[str, Any]:
        """Send a command over the newest line and return its answer without ret and sn."""
        await self.say(cmd=cmd, **fields)
        return await self.answer(cmd)

    async def answer(self, cmd: str) -> dict[str, Any]:
        """Return the next answer to a command without ret and sn."""
        reply = await self.next(cmd)
        return {name: value for name, value in reply.items() if name not in {"ret", "sn"}}

    async def closed(self, line: ServerConnection) -> None:
        async with asyncio.timeout(PATIENCE):
            await line.wait_closed()

    async def serve(self, line: ServerConnection) -> None:
        assert line.request is not None
        self.paths.append(line.request.path)
        self.lines.append(line)
        try:
            async for text in line:
                await self._take(line, str(text))
        except ConnectionClosed:
            return

    async def _take(self, line: ServerConnection, text: str) -> None:
        self.texts.append(text)
        try:
            message = json.loads(text)
        except ValueError:
            return
        name = message.get("cmd") or message.get("ret") or ""
        self._heard[name].put_nowait(message)
        answer = self.answers.get(name, silent)(message) if "cmd" in message else None
        if answer is not None:
            await line.send(json.dumps(answer))


@asynccontextmanager
async def open_house(security: ssl.SSLContext | None = None) -> AsyncIterator[House]:
    house = House()
    server = await serve(
        house.serve,
        *("127.0.0.1", 0),
        compression=None,
        ping_interval=None,
        close_timeout=0.2,
        ssl=security,
    )
    async with server:
        port = server.sockets[0].getsockname()[1]
        house.url = f"{'wss' if security else 'ws'}://127.0.0.1:{port}"
        yield house
