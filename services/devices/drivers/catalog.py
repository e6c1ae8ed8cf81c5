"""Which driver speaks which dialect."""

from typing import Final

from services.devices.drivers.base import Driver
from services.devices.drivers.timmy.protocol.driver import TimmyDriver
from services.devices.drivers.zk.protocol.driver import ZkDriver

DRIVERS: Final[dict[str, Driver]] = {"timmy": TimmyDriver(), "zk": ZkDriver()}
