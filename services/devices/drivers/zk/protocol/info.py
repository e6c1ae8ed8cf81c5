"""What a device is and holds."""

from services.devices.drivers.zk.protocol.clock import read_time
from services.devices.drivers.zk.protocol.connecting import version
from services.devices.drivers.zk.protocol.options import option
from services.devices.drivers.zk.protocol.procedure import Procedure
from services.devices.drivers.zk.protocol.tables import read_sizes
from services.devices.drivers.zk.protocol.terms import Terms
from shared.contracts.actions import Info


def read_info(terms: Terms) -> Procedure[Info]:
    """Ask a device everything it can tell of itself; None where it does not say."""
    sizes = yield from read_sizes()
    clock = yield from read_time(terms)
    return Info(
        serial=(yield from option("~SerialNumber")) or None,
        firmware=(yield from version()),
        platform=(yield from option("~Platform")) or None,
        device_name=(yield from option("~DeviceName", terms.encoding)) or None,
        mac=(yield from option("MAC")) or None,
        fingerprint_version=(yield from option("~ZKFPVersion")) or None,
        counts=sizes.counts if sizes else None,
        capacity=sizes.capacity if sizes else None,
        device_time=clock.before,
        drift_ms=clock.drift_ms,
    )
