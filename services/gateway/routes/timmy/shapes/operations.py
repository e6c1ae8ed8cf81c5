"""Which operations callers ask for."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from services.gateway.routes.shapes.fields import LEFT_OUT, PLAIN
from services.gateway.routes.timmy.shapes.fields import Span, terms
from shared.contracts.operations import ListOperations, OperationKind, OperationStatus


def _nothing_is_none(sent: object) -> object:
    return None if sent == "" else sent


Status = Annotated[
    OperationStatus | None,
    BeforeValidator(
        _nothing_is_none,
        json_schema_input_type=Literal["pending", "sent", "success", "failed", "canceled", ""],
    ),
]
_Text = Annotated[str, Field(max_length=64, pattern=PLAIN)] | None


class Operations(Span):
    """Which operations."""

    sn: _Text = LEFT_OUT
    type: _Text = LEFT_OUT
    status: Status = LEFT_OUT

    def asking(self, kinds: tuple[OperationKind, ...]) -> ListOperations:
        """Return the question to the registry; no ``kinds`` are all."""
        return ListOperations(
            **terms(self), serial=self.sn or None, kinds=kinds or None, status=self.status
        )
