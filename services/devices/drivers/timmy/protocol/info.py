"""What a terminal is and holds."""

from services.devices.drivers.timmy.codec import hardware
from services.devices.drivers.timmy.codec.fields import text
from services.devices.drivers.timmy.protocol.clock import read_time
from services.devices.drivers.timmy.protocol.procedure import Procedure
from services.devices.drivers.timmy.protocol.terms import Terms
from shared.contracts.actions import Info


def read_info(terms: Terms) -> Procedure[Info]:
    """Return what a terminal told when it registered, and its clock as it is now."""
    clock = yield from read_time(terms, aside=True)
    body = hardware.hardware(None, terms.info)
    return Info(
        serial=terms.serial or None,
        firmware=body.firmware,
        platform=text(terms.info.get("manufacturer")) or None,
        device_name=body.model,
        mac=body.mac,
        fingerprint_version=body.algorithm,
        counts=hardware.held(terms.info),
        capacity=hardware.room(terms.info),
        device_time=clock.before,
        drift_ms=clock.drift_ms,
    )
