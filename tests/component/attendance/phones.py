"""What employees and their administrator ask, as the gateway asks it for them."""

from __future__ import annotations

from typing import Any, TypeVar

from shared.contracts import catalog
from shared.contracts.attendance import (
    GetImage,
    Image,
    ListAppLog,
    ListOwnLog,
    LoggedPunch,
    LogPage,
    PunchByApp,
)
from shared.contracts.catalog import Question
from shared.contracts.message import Message
from shared.kit import rpc
from tests.component.attendance.callers import Callers
from tests.component.attendance.conftest import Archive
from tests.conftest import OWNER

M = TypeVar("M", bound=Message)


class Phone:
    """The gateway, on behalf of an employee; and of the owner's administrator."""

    def __init__(self, archive: Archive, callers: Callers, owner: str = OWNER) -> None:
        self.archive = archive
        self.callers = callers
        self.owner = owner

    async def asks(
        self, question: Question, ask: Message, reply: type[M], token: str, seconds: float = 15
    ) -> M:
        return await rpc.ask(
            self.archive.gateway, question, ask, reply, token=token, seconds=seconds
        )

    async def punches(self, enroll_id: str = "121", name: str = "Ann", **said: Any) -> LoggedPunch:
        token = self.callers.employee(self.owner, enroll_id, name)
        return await self.asks(catalog.PUNCH_BY_APP, PunchByApp(**said), LoggedPunch, token)

    async def own_log(self, enroll_id: str = "121", **ask: Any) -> LogPage:
        token = self.callers.employee(self.owner, enroll_id)
        return await self.asks(catalog.LIST_OWN_LOG, ListOwnLog(**ask), LogPage, token)

    async def app_log(self, **ask: Any) -> LogPage:
        token = self.callers.user(self.owner, "admin")
        return await self.asks(catalog.LIST_APP_LOG, ListAppLog(**ask), LogPage, token)

    async def image(self, punch_id: str) -> bytes:
        token = self.callers.user(self.owner, "admin")
        ask = GetImage(punch_id=punch_id)
        return (await self.asks(catalog.GET_IMAGE, ask, Image, token)).jpeg.get_secret_value()
