"""Procedures on simulated terminals of every family: two readings of one protocol that agree."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from services.devices.drivers.base import DeviceError
from services.devices.drivers.timmy.codec.hardware import family
from services.devices.drivers.timmy.protocol import clearing, enrolment, people, reading, templates
from services.devices.drivers.timmy.protocol.actions import procedure_for
from services.devices.drivers.timmy.protocol.conversation import (
    Answered,
    Conversation,
    Handed,
    Registered,
)
from services.devices.drivers.timmy.protocol.procedure import (
    Ask,
    Keep,
    Pause,
    Procedure,
    Reply,
    T,
    Tell,
)
from services.devices.drivers.timmy.protocol.terms import Terms
from services.devices.simulators.faults import Fault
from services.devices.simulators.spec import DeviceSpec
from services.devices.simulators.timmy import frames, telling
from services.devices.simulators.timmy.answering.answers import answer
from services.devices.simulators.timmy.answering.request import UnansweredError
from services.devices.simulators.timmy.device import TimmyDevice
from services.devices.simulators.timmy.firmware import Firmware
from shared.contracts import actions
from shared.contracts.errors import Code
from shared.contracts.readings import Person
from tests.unit.drivers.timmy.made import SERIAL

NOW = datetime(2026, 5, 1, 8, 0, 5, tzinfo=UTC)
FAMILIES = ["a", "b", "c", "d"]
UNTIDY = [Fault.STRING_NUMBERS, Fault.PADDED, Fault.TRAILING_COMMAS, Fault.NO_SN]


@dataclass
class Simulated:
    """One simulated terminal, asked without a network."""

    firmware: Firmware
    conversation: Conversation = field(default_factory=Conversation)
    info: dict[str, Any] = field(default_factory=dict)

    @property
    def device(self) -> TimmyDevice:
        return self.firmware.device

    def say(self, message: dict[str, Any]) -> object:
        return self.conversation.receive(frames.written(message, self.firmware.quirks))

    def register(self) -> None:
        said = self.say({"cmd": "reg", "sn": SERIAL, "devinfo": telling.hardware(self.device, "")})
        assert isinstance(said, Registered)
        self.info = said.info

    @property
    def terms(self) -> Terms:
        family = self.conversation.family
        return Terms(now=lambda: NOW, serial=SERIAL, family=family, info=self.info)

    def ask(self, ask: Ask) -> Reply:
        sent = frames.read(self.conversation.ask(ask.command))
        assert sent is not None
        try:
            message = answer(self.firmware, sent)
        except UnansweredError:
            self.conversation.forget()
            self.conversation.forgive(ask.command["cmd"])
            raise DeviceError(Code.DEVICE_NO_ANSWER, "silence") from None
        told = self.say(message)
        assert isinstance(told, Answered), told
        return told.reply

    def run(self, procedure: Procedure[T]) -> T:
        wish, error = next(procedure), None
        while True:
            sent = None
            try:
                match wish:
                    case Ask():
                        sent = self.ask(wish)
                    case Pause():
                        self.device.step()
                    case Keep() | Tell():
                        pass
            except DeviceError as refused:
                error = refused
            try:
                wish = procedure.throw(error) if error else procedure.send(sent)
                error = None
            except StopIteration as end:
                result: T = end.value
                return result

    def do(self, action: actions.Action) -> actions.Result:
        return self.run(procedure_for(action, self.terms))


class House(NamedTuple):
    """Where simulated terminals keep what they hold."""

    directory: Path

    def terminal(self, name: str = "one", **fields: Any) -> Simulated:
        told = {"serial": SERIAL, "dialect": "timmy", "users": 5, "templates": 12, **fields}
        device = TimmyDevice(
            DeviceSpec.model_validate(told), self.directory / name, lambda: NOW, seed=1
        )
        simulated = Simulated(Firmware(device, restart=lambda: None, enrol=lambda: None))
        simulated.register()
        return simulated


@pytest.fixture
def house(tmp_path: Path) -> House:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    return House(tmp_path)


def code_of(terminal: Simulated, action: actions.Action) -> Code:
    with pytest.raises(DeviceError) as error:
        terminal.do(action)
    return error.value.code


@pytest.mark.parametrize("name", FAMILIES)
def test_the_family_is_recognised_but_for_the_one_that_looks_like_another(
    house: House, name: str
) -> None:
    told = family(house.terminal(family=name).info)
    assert told == name or (name, told) == ("d", "c")


@pytest.mark.parametrize("paging", ["p1", "p2", "p3"])
@pytest.mark.parametrize("quirk", [None, *UNTIDY])
@pytest.mark.parametrize("name", FAMILIES)
def test_everybody_is_read(house: House, name: str, quirk: Fault | None, paging: str) -> None:
    quirks = [quirk] if quirk else []
    terminal = house.terminal(family=name, users=75, paging=paging, page_size=7, quirks=quirks)
    found = terminal.run(people.everybody(terminal.terms))
    held = terminal.device.credentials.people
    assert [each.user_id for each in found.people] == [str(who) for who in held]
    assert [set(each.credentials) - {0} for each in found.people] == [
        set(each.records) - {0} for each in held.values()
    ]


@pytest.mark.parametrize("name", ["b", "c", "d"])
def test_everybody_is_read_where_the_list_is_empty(house: House, name: str) -> None:
    terminal = house.terminal(family=name, quirks=["empty_list"])
    found = terminal.run(people.everybody(terminal.terms))
    assert len(found.people) == 5
    assert found.said["source"] == "getallusers"


@pytest.mark.parametrize("name", FAMILIES)
def test_everything_is_brought_from_one_to_another(house: House, name: str) -> None:
    source = house.terminal(family=name, templates=40)
    target = house.terminal("other", family=name, users=0)
    for who, held in source.device.credentials.people.items():
        held.enabled = who % 2 == 0
        found, (entry,) = source.run(templates.of(source.terms, str(who)))
        assert {each.finger for each in found} == set(held.records)
        person = Person(**{each: getattr(entry, each) for each in Person.model_fields})
        target.do(actions.PushUser(user_id=str(who), person=person, templates=found))
        there = target.device.credentials.people[who]
        assert (there.name, there.admin, there.records) == (held.name, held.admin, held.records)
        if name != "a":  # which does not tell who is disabled
            assert there.enabled == held.enabled


@pytest.mark.parametrize("deletes", [13, 12, 0])
@pytest.mark.parametrize("name", FAMILIES)
def test_people_go_whatever_number_means_that(house: House, name: str, deletes: int) -> None:
    terminal = house.terminal(family=name, deletes=deletes, templates=20)
    for who in list(terminal.device.credentials.people):
        terminal.do(actions.DeleteUser(user_id=str(who)))
    assert not terminal.device.credentials.people
    assert code_of(terminal, actions.DeleteUser(user_id="1")) == Code.NOT_FOUND


@pytest.mark.parametrize("name", FAMILIES)
def test_a_person_is_added_and_changed(house: House, name: str) -> None:
    terminal = house.terminal(family=name, users=0)

    def put(create: bool, **fields: Any) -> None:
        terminal.do(actions.PutUser.model_validate({"user_id": "17", "create": create, **fields}))

    put(create=True, name="Ali", card=76, privilege="enroller")
    held = terminal.device.credentials.people[17]
    assert (held.name, held.admin, held.records) == ("Ali", 2, {11: 76})
    put(create=False, card=77, privilege="admin", disabled=True)
    assert (held.admin, held.enabled, held.records) == (1, False, {11: 77})
    put(create=False, name="Ali B.", privilege="user")
    assert (held.name, held.admin) == ("Ali B.", 0)
    put(create=False, card=0)
    assert terminal.device.credentials.people[17].records == {}
    assert terminal.device.credentials.people[17].name == "Ali B."


@pytest.mark.parametrize(("name", "slot"), [("a", 3), ("b", 50), ("c", 50), ("c", 1), ("d", 50)])
def test_somebody_enrols(house: House, name: str, slot: int) -> None:
    terminal = house.terminal(family=name, users=0)
    wanted = actions.Enroll(user_id="10012", finger=slot, name="John")
    result = terminal.do(wanted)
    assert isinstance(result, actions.Enrolled)
    assert result.size > 0
    assert slot in terminal.device.credentials.people[10012].records
    begun = actions.EnrolmentBegun(user_id="10012", finger=slot)
    assert terminal.run(enrolment.progress(terminal.terms, begun)).state == "captured"


@pytest.mark.parametrize("paging", ["p1", "p2", "p3"])
@pytest.mark.parametrize("name", FAMILIES)
def test_a_log_is_read_and_cleared(house: House, name: str, paging: str) -> None:
    terminal = house.terminal(family=name, records=120, paging=paging)
    table = terminal.run(reading.log(terminal.terms))
    cleared = terminal.run(clearing.clear_log(terminal.terms, table))
    assert cleared.records == 120
    assert not terminal.device.truth.log
    assert terminal.run(reading.log(terminal.terms.cleared())).size == 0


@pytest.mark.parametrize("name", FAMILIES)
def test_the_terminal_itself(house: House, name: str) -> None:
    terminal = house.terminal(family=name, drift=120)
    clock = terminal.do(actions.SetTime())
    assert isinstance(clock, actions.Clock)
    assert clock.drift_ms is not None
    assert abs(clock.drift_ms - 120_000) < 2_000
    assert terminal.do(actions.WriteOption(name="volume", value="3")) == actions.OptionRead(
        name="volume", value="3"
    )
    info = terminal.do(actions.ReadInfo())
    assert isinstance(info, actions.Info)
    assert info.counts is not None
    assert info.counts.users == 5
    assert terminal.do(actions.Restart()) == actions.Done()


def test_what_is_handed_over_is_what_the_truth_says(house: House) -> None:
    terminal = house.terminal(family="c")
    punch = terminal.device.identify("1", 1)
    record = telling.record(terminal.device, punch)
    handed = terminal.say({"cmd": "sendlog", "sn": SERIAL, "count": 1, "record": [record]})
    assert isinstance(handed, Handed)
    assert json.loads(handed.body)["record"][0]["inout"] == 1
