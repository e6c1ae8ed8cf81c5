"""A device that does not tell its counts: nothing handed out is never taken for nothing there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.messages import Command
from services.devices.drivers.zk.protocol import reading
from services.devices.drivers.zk.protocol.procedure import Procedure, Reply
from services.devices.drivers.zk.protocol.terms import Terms
from shared.contracts.actions import PutUser
from shared.contracts.errors import Code
from tests.unit.drivers.doing import ANN, NED, failure
from tests.unit.drivers.terminal import NO, OK, Terminal, result_of, terms

REFUSALS = (NO, Reply(4989, 0))


def mute_of(refusal: Reply, users: bytes = b"") -> Terminal:
    """A terminal that tells its counts one by one, as WL10 and D2 do, and hands out no table."""
    return Terminal(
        users=users,
        faults={
            Command.SIZES: [OK._replace(data=bytes(4))] * 9,
            Command.PREPARE_BUFFER: [refusal] * 9,
        },
    )


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_nobody_is_written_into_a_slot_that_may_be_taken(refusal: Reply) -> None:
    terminal = mute_of(refusal, users=NED + ANN)
    assert failure(PutUser(user_id="77", create=True), terminal) == Code.DEVICE_NO_DATA
    assert terminal.users == NED + ANN


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
@pytest.mark.parametrize(
    "read",
    [reading.log, reading.people, lambda on: reading.templates(on, None)],
    ids=["log", "people", "templates"],
)
def test_a_table_that_is_not_handed_out_is_not_empty(
    read: Callable[[Terms], Procedure[object]], refusal: Reply
) -> None:
    with pytest.raises(DeviceError) as error:
        result_of(read(terms()), mute_of(refusal))
    assert error.value.code == Code.DEVICE_NO_DATA


def test_a_table_that_is_handed_out_empty_is_empty() -> None:
    terminal = Terminal(faults={Command.SIZES: [OK._replace(data=bytes(4))] * 9})
    assert result_of(reading.log(terms()), terminal).size == 0
    assert result_of(reading.people(terms()), terminal) == ()


def test_templates_that_are_counted_and_not_sent_are_missing() -> None:
    sizes = bytearray(92)
    sizes[24] = 3
    terminal = Terminal(faults={Command.SIZES: [OK._replace(data=bytes(sizes))] * 9})
    with pytest.raises(DeviceError) as error:
        result_of(reading.templates(terms(), None), terminal)
    assert error.value.code == Code.PULL_INCOMPLETE
