"""Which procedure does which action."""

from collections.abc import Callable
from typing import Any, Final

from services.devices.drivers.base import DeviceError
from services.devices.drivers.zk.protocol import (
    clock,
    fingers,
    info,
    options,
    people,
    power,
    pushing,
)
from services.devices.drivers.zk.protocol.procedure import Procedure
from services.devices.drivers.zk.protocol.terms import Terms
from shared.contracts import actions
from shared.contracts.actions import Action, Result
from shared.contracts.errors import Code

_PROCEDURES: Final[dict[type[Action], Callable[[Terms, Any], Procedure[Result]]]] = {
    actions.ReadInfo: lambda terms, _: info.read_info(terms),
    actions.ReadTime: lambda terms, _: clock.read_time(terms),
    actions.SetTime: lambda terms, _: clock.set_time(terms),
    actions.Restart: lambda _, __: power.restart(),
    actions.PowerOff: lambda _, __: power.power_off(),
    actions.PutUser: people.put_user,
    actions.DeleteUser: lambda terms, action: people.delete_user(terms, action.user_id),
    actions.WriteTemplates: fingers.write_templates,
    actions.PushUser: pushing.push_user,
    actions.Enroll: fingers.enroll,
    actions.ReadOption: options.read_option,
    actions.WriteOption: options.write_option,
}


def procedure_for(action: Action, terms: Terms) -> Procedure[Result]:
    """Return what does an action that needs nothing but the wire.

    Raises NOT_SUPPORTED for the rest, which ``reading`` and ``clearing`` do.
    """
    procedure = _PROCEDURES.get(type(action))
    if procedure is None:
        details = f"A {action.kind} needs more than the device's connection."
        raise DeviceError(Code.NOT_SUPPORTED, details)
    return procedure(terms, action)
