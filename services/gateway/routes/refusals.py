"""Failures of /api that say more than what went wrong."""

from typing import Any

from services.gateway.handlers.operations import OperationError
from shared.contracts.errors import Problem
from shared.contracts.identity import object_id
from shared.kit.errors import MusterError


class RefusalError(MusterError):
    """A failure with ``more`` fields, as TimmyFailure names them; one may be another ``error``."""

    def __init__(self, problem: Problem, **more: Any) -> None:
        super().__init__(
            problem.code, problem.details, status=problem.status, fields=problem.fields
        )
        self.more = more


def more_of(error: MusterError) -> dict[str, Any]:
    """Return what a failure says besides its problem."""
    match error:
        case RefusalError():
            return error.more
        case OperationError():
            return {"opId": object_id(error.job.operation_id)}
        case _:
            return {}
