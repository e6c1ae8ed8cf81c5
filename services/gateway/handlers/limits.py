"""How often something may be asked for; what is counted stays in this process."""

from collections import OrderedDict
from typing import Final

from services.gateway import rules
from shared.contracts.errors import Code
from shared.kit.clock import Clock
from shared.kit.errors import MusterError

_REMEMBERED: Final = 10_000


class Limit:
    """Lets each key through so many times a minute, that many at once at most."""

    def __init__(self, clock: Clock, per_minute: int) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._left: OrderedDict[str, rules.Allowance] = OrderedDict()

    def take(self, key: str) -> None:
        """Count one more; raise TOO_MANY_REQUESTS when there is none left."""
        now = self._clock.monotonic()
        left = rules.refilled(self._left.get(key), now, self._per_minute)
        if left.times < 1:
            raise MusterError(Code.TOO_MANY_REQUESTS)
        self._left[key] = left._replace(times=left.times - 1)
        self._left.move_to_end(key)
        while len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)
