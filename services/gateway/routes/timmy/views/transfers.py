"""What becomes of people who are brought from one device to another."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from services.gateway.routes.examples import example
from services.gateway.routes.timmy.views.base import Success, View, number_of, sometimes
from shared.contracts.actions import Count, Pushed
from shared.contracts.errors import Code
from shared.contracts.identity import object_id
from shared.contracts.operations import LedgerEntry, Transfer

Verdict = Literal["pending", "success", "failed", "canceled", "incompatible", "conflict", "partial"]
Step_ = Literal["fetch", "push", "delete_from_source"]
_REASONS: Final[dict[Code, Verdict]] = {
    Code.INCOMPATIBLE: "incompatible",
    Code.USER_TAKEN: "conflict",
    Code.OPERATION_CANCELED: "canceled",
}
_WORST: Final[tuple[Verdict, ...]] = (
    "pending",
    "conflict",
    "failed",
    "canceled",
    "incompatible",
)


class Step(View):
    """One thing that is done for one person, a slot at a time where the slots are known."""

    backupnum: Annotated[int | None, sometimes()] = None
    action: Step_
    op_id: Annotated[str | None, sometimes("opId")] = None
    result: Verdict


class Transferred(View):
    """One person."""

    enrollid: int | str
    steps: tuple[Step, ...]
    result: Verdict
    """Of all steps together; ``partial``: some of it cannot be brought."""

    @classmethod
    def of(cls, found: Transfer) -> Self:
        """Return what becomes of one person."""
        steps = tuple(_steps(found))
        return cls(enrollid=number_of(found.user_id), steps=steps, result=_together(steps, found))


class Transfers(Success):
    """Everybody who was asked for."""

    model_config = example(
        success=True,
        fromSn="ZXRE06022863",
        toSn="TYSG18086518",
        results=[
            {
                "enrollid": 2,
                "steps": [
                    {
                        "backupnum": 50,
                        "action": "fetch",
                        "opId": "64f4c0ffee5eed0ddba11abc",
                        "result": "success",
                    },
                    {
                        "backupnum": 50,
                        "action": "push",
                        "opId": "64f5c0ffee5eed0ddba11abc",
                        "result": "pending",
                    },
                    {
                        "action": "delete_from_source",
                        "opId": "650ac0ffee5eed0ddba11abc",
                        "result": "pending",
                    },
                ],
                "result": "pending",
            }
        ],
    )

    from_sn: str = Field(alias="fromSn")
    to_sn: str = Field(alias="toSn")
    results: tuple[Transferred, ...]


def _steps(found: Transfer) -> Iterator[Step]:
    if found.problem:
        yield Step(action="push", result=_REASONS.get(found.problem.code, "failed"))
        return
    slots = _slots(found.fetch)
    brought = found.push.result if found.push else None
    for slot in slots or (None,):
        if found.fetch:
            yield _step(found.fetch, "fetch", slot)
        if found.push:
            step = _step(found.push, "push", slot)
            left = isinstance(brought, Pushed) and slot is not None and slot not in brought.slots
            yield step.model_copy(update={"result": "incompatible"}) if left else step
    if found.delete:
        yield _step(found.delete, "delete_from_source", None)


def _slots(fetch: LedgerEntry | None) -> tuple[int, ...]:
    return fetch.result.slots if fetch and isinstance(fetch.result, Count) else ()


def _step(entry: LedgerEntry, action: Step_, slot: int | None) -> Step:
    return Step(
        backupnum=slot, action=action, op_id=object_id(entry.operation_id), result=_verdict(entry)
    )


def _verdict(entry: LedgerEntry) -> Verdict:
    match entry.status:
        case "pending" | "sent":
            return "pending"
        case "success" | "canceled":
            return entry.status
        case "failed":
            return _REASONS.get(entry.problem.code, "failed") if entry.problem else "failed"


def _together(steps: tuple[Step, ...], found: Transfer) -> Verdict:
    results = {step.result for step in steps}
    if found.push and found.push.status == "success" and "incompatible" in results:
        return "partial"
    return next((verdict for verdict in _WORST if verdict in results), "success")
