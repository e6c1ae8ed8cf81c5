"""The link to a ZKTeco terminal: the driver's procedures, run on a channel."""

import asyncio
import contextlib
from typing import Final

from services.devices.agent.links.base import Fetched, Greeting, Keep, Tell
from services.devices.agent.links.channel import Channel
from services.devices.agent.links.runner import Runner
from services.devices.drivers.base import DeviceError, PersonEntry, Table
from services.devices.drivers.zk.messages import ReplyCode
from services.devices.drivers.zk.protocol import (
    actions,
    clearing,
    clock,
    connecting,
    doors,
    listening,
    reading,
    replies,
)
from services.devices.drivers.zk.protocol.terms import Terms
from shared.contracts.actions import (
    Action,
    Cleared,
    Enrolment,
    EnrolmentBegun,
    Result,
    Said,
)
from shared.contracts.agents import RosterDevice
from shared.contracts.errors import Code
from shared.kit.clock import Clock

_CLOCK_SECONDS: Final = 5.0
"""With the channel's own patience, a device that is gone is noticed within 15 s."""
_FAREWELL_SECONDS: Final = 2.0
_CLOSE_SECONDS: Final = 5.0
"""For the farewell, and before it for a procedure that is given up at the same time."""


class ZkLink:
    """One terminal; see ``base.Link``."""

    def __init__(self, device: RosterDevice, clock: Clock, channel: Channel) -> None:
        self._comm_key = device.comm_key
        self._channel = channel
        self._runner = Runner(channel, clock)
        self._terms = Terms(
            now=clock.now,
            zone=device.zone,
            encoding=device.encoding,
            unlock_factor=device.unlock_factor,
            log_layout=device.log_layout,
            transport=device.transport,
        )

    @property
    def dead(self) -> bool:
        """Whether nothing more can come of this link: close it and open another."""
        return self._channel.dead

    @property
    def said(self) -> Said:
        """Nothing: this dialect's answers are not for people."""
        return None

    @property
    def clock_seconds(self) -> float:
        """How often to read the device's clock: the sign of life where nobody asks for more."""
        return _CLOCK_SECONDS

    async def open(self) -> Greeting:
        """Connect, authenticate, enable the device and ask it who it is."""
        await self._channel.connect()
        hello = await self._runner.run(connecting.connect(self._comm_key))
        self._runner.introduced = True
        return Greeting(hello.serial, hello.firmware)

    async def listen(self) -> None:
        """Ask the device for live punches."""
        await self._runner.run(listening.listen())

    async def event(self) -> bytes:
        """Wait for the next live punch and return its body."""
        return await self._channel.inbox.punch()

    async def settle(self, *, kept: bool) -> None:
        """Nothing: the device has its acknowledgement, and the log has every punch."""

    async def log(self, keep: Keep) -> Table:
        """Read the whole attendance log, all or nothing; PULL_INCOMPLETE when it does not agree."""
        return await self._runner.run(reading.log(self._terms), keep=keep)

    async def people(self) -> tuple[PersonEntry, ...]:
        """Return everybody whom the device holds."""
        return await self._runner.run(reading.people(self._terms))

    async def clock(self) -> str | None:
        """Return the device's wall clock as ISO text, or None when it shows no real date."""
        return await self._runner.run(clock.wall_clock())

    async def templates(self, user_id: str | None) -> Fetched:
        """Return a person's fingerprint templates, or everybody's."""
        return Fetched(*await self._runner.run(reading.templates(self._terms, user_id)))

    async def clear_log(self, expected: Table) -> Cleared:
        """Empty the log if it still is what ``expected`` says, or raise LOG_NOT_QUIET."""
        return await self._runner.run(clearing.clear_log(self._terms, expected))

    async def do(self, action: Action, tell: Tell) -> Result:
        """Do an action, or raise NOT_SUPPORTED."""
        return await self._runner.run(actions.procedure_for(action, self._terms), tell=tell)

    async def enrolment(self, begun: EnrolmentBegun) -> Enrolment:  # noqa: ARG002 - see base.Link
        """Raise NOT_SUPPORTED: how it goes is told by events, to who waits for its end."""
        details = "This device tells how an enrolment goes only while that is waited for."
        raise DeviceError(Code.NOT_SUPPORTED, details)

    async def unlock(self, seconds: int, deadline: float) -> None:
        """Unlock the door, unless CLOCK_BOOTTIME has passed ``deadline`` before the write."""
        reply = await self._runner.hurry(doors.unlock(self._terms, seconds), deadline)
        if reply.code != ReplyCode.OK:
            raise replies.refusal(reply, "unlock the door")

    async def close(self) -> None:
        """Let go of the device, whatever state the link is in."""
        try:
            if self._runner.introduced and not self.dead:
                await self._leave()
        finally:
            await self._channel.close()

    async def _leave(self) -> None:
        # A farewell that fails is as good as none: the device is let go either way.
        with contextlib.suppress(DeviceError, TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._runner.run(connecting.leave(), seconds=_FAREWELL_SECONDS)
