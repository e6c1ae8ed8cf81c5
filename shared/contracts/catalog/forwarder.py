"""What the forwarder is asked."""

from typing import Final

from shared.contracts import deliveries, subjects
from shared.contracts.auth import Permission
from shared.contracts.catalog.parts import Question

REDELIVER: Final = Question(
    subjects.rpc("forwarder", "redeliver"),
    deliveries.Redeliver,
    deliveries.Redelivered,
    "Try now to deliver some of the caller's punches.",
    "forwarder",
    ("gateway",),
    Permission.DELIVERIES_RETRY,
)

QUESTIONS: Final = (REDELIVER,)
