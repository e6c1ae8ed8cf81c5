"""Doing an action on a terminal of plain values."""

from __future__ import annotations

import pytest

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.protocol.actions import procedure_for
from services.devices.drivers.zk.protocol.terms import Terms
from shared.contracts.actions import Action, Result
from shared.contracts.errors import Code
from tests.unit.drivers.made import user_72
from tests.unit.drivers.terminal import (
    Terminal,
    result_of,
    terms,
)

NED, ANN = user_72(1, "4711", "Ned", password=b"99", card=5), user_72(3, "12", "Ann")
GONE = DeviceError(Code.DEVICE_UNREACHABLE, "hung up")


def done(action: Action, terminal: Terminal, on: Terms | None = None) -> Result:
    return result_of(procedure_for(action, on or terms()), terminal)


def failure(action: Action, terminal: Terminal, on: Terms | None = None) -> Code:
    with pytest.raises(DeviceError) as error:
        done(action, terminal, on)
    return error.value.code
