"""The link to a Timmy terminal: the driver's procedures, run on the connection it dialled."""

from typing import Final, NamedTuple

from services.devices.agent.links.base import Fetched, Greeting, Keep, Tell
from services.devices.agent.links.reception.reception import Reception
from services.devices.agent.links.reception.visit import Visit
from services.devices.agent.links.timmy_runner import TimmyRunner
from services.devices.drivers.base import DeviceError, PersonEntry, Table
from services.devices.drivers.timmy.protocol import (
    actions,
    clearing,
    clock,
    doors,
    enrolment,
    people,
    reading,
    replies,
    templates,
)
from services.devices.drivers.timmy.protocol.terms import Terms
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

_CLOCK_SECONDS: Final = 600.0
"""For its drift only: the reception knows whether it is there."""
_NORMAL: Final = 1000


class _Here(NamedTuple):
    visit: Visit
    runner: TimmyRunner


class TimmyLink:
    """One terminal, from its dialling in to the end of that connection; see ``base.Link``."""

    def __init__(self, device: RosterDevice, clock: Clock, reception: Reception) -> None:
        self._device = device
        self._clock = clock
        self._reception = reception
        self._arrived: _Here | None = None

    @property
    def dead(self) -> bool:
        """Whether nothing more can come of this link: close it and open another."""
        return self._arrived is None or self._arrived.visit.ended

    @property
    def said(self) -> Said:
        """The terminal's own answer to what was last asked of it, without secrets."""
        return self._arrived.runner.said if self._arrived else None

    @property
    def clock_seconds(self) -> float:
        """How often to read the terminal's clock."""
        return _CLOCK_SECONDS

    async def open(self) -> Greeting:
        """Wait for the terminal to dial in; DEVICE_OFFLINE when it does not."""
        visit = await self._reception.arrival(self._device)
        self._arrived = _Here(visit, TimmyRunner(visit.commands, self._clock))
        told = visit.registered
        return Greeting(told.serial, told.hardware.firmware, told.hardware, visit.address)

    async def listen(self) -> None:
        """Nothing: it says what happens without being asked."""

    async def event(self) -> bytes:
        """Wait for the next thing that it hands over and return it."""
        return await self._here.visit.handed()

    async def settle(self, *, kept: bool) -> None:
        """Answer what it handed over last: it keeps what was not kept here."""
        self._here.visit.settle(kept=kept)

    async def log(self, keep: Keep) -> Table:
        """Read the whole attendance log, all or nothing; PULL_INCOMPLETE when it does not agree."""
        return await self._here.runner.run(reading.log(self._terms), keep=keep)

    async def people(self) -> tuple[PersonEntry, ...]:
        """Return everybody whom the terminal holds."""
        found = await self._here.runner.run(people.everybody(self._terms))
        self._here.runner.said = found.said
        return found.people

    async def clock(self) -> str | None:
        """Return the terminal's wall clock as ISO text, or None when it shows no real date."""
        return await self._here.runner.run(clock.wall_clock())

    async def templates(self, user_id: str | None) -> Fetched:
        """Return what the terminal knows a person by, or everybody."""
        return Fetched(*await self._here.runner.run(templates.of(self._terms, user_id)))

    async def clear_log(self, expected: Table) -> Cleared:
        """Empty the log if it still is what ``expected`` says, or raise LOG_NOT_QUIET."""
        cleared = await self._here.runner.run(clearing.clear_log(self._terms, expected))
        visit = self._here.visit
        visit.registered = visit.registered._replace(info={**self._terms.cleared().info})
        return cleared

    async def do(self, action: Action, tell: Tell) -> Result:
        """Do an action, or raise NOT_SUPPORTED."""
        return await self._here.runner.run(actions.procedure_for(action, self._terms), tell=tell)

    async def enrolment(self, begun: EnrolmentBegun) -> Enrolment:
        """Ask once how far an enrolment has come that was begun."""
        return await self._here.runner.run(enrolment.progress(self._terms, begun))

    async def unlock(self, seconds: int, deadline: float) -> None:  # noqa: ARG002 - see base.Link
        """Unlock the door, unless CLOCK_BOOTTIME has passed ``deadline`` before the write.

        For how long it stays unlocked is a setting of the terminal.
        """
        reply = await self._here.runner.hurry(doors.unlock(self._terms), deadline)
        replies.accept(reply, "unlock the door")

    async def close(self) -> None:
        """Let go of the terminal, whatever state the link is in; it dials in again."""
        if self._arrived is not None:
            await self._arrived.visit.close(_NORMAL, "The agent let go of the terminal.")

    @property
    def _terms(self) -> Terms:
        visit, device = self._here.visit, self._device
        return Terms(
            now=self._clock.now,
            serial=visit.registered.serial,
            zone=device.zone,
            family=visit.family if device.family == "auto" else device.family,
            info=visit.registered.info,
        )

    @property
    def _here(self) -> _Here:
        if self._arrived is None:
            raise DeviceError(Code.DEVICE_OFFLINE, "The terminal has not dialled in.")
        return self._arrived
