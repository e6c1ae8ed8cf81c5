"""People on devices, a row for each thing a device knows them by."""

import base64
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Self

from pydantic import Field

from services.gateway.handlers.people import Everybody
from services.gateway.routes.examples import example
from services.gateway.routes.timmy.views.base import ADMINS, Success, View, number_of, sometimes
from shared.contracts.devices import DeviceUser
from shared.contracts.identity import object_id
from shared.contracts.operations import Job, OperationStatus
from shared.contracts.readings import Template

_PASSWORD: Final = 10
_CARD: Final = 11
_FINGERS: Final = range(10)
_PROFILE: Final = 0
"""Where devices that know a person by nothing list them (timmy.md 1.4, "profile only")."""
_STATUSES: Final[dict[str, OperationStatus]] = {
    "queued": "pending",
    "active": "sent",
    "completed": "success",
    "failed": "failed",
}
_ROW: Final[dict[str, Any]] = {
    "enrollid": 1,
    "admin": 0,
    "backupnum": 50,
    "name": "John",
    "aliasid": "J1",
}


class Row(View):
    """One thing a device knows a person by."""

    model_config = example(**_ROW)

    enrollid: int | str
    admin: int
    backupnum: int
    name: str
    aliasid: str
    record: Annotated[str | None, sometimes()] = None
    """Base64, but digits of a password or a card; there only if it was asked for."""
    template: Annotated[str | None, sometimes()] = None
    """The same once more, of a finger."""


class Users(Success):
    """Everybody whom a device holds."""

    model_config = example(
        success=True,
        records=[_ROW],
        raw={
            "ret": "getuserlist",
            "sn": "ZXRE06022863",
            "result": True,
            "count": 1,
            "from": 0,
            "to": 1,
            "record": [{"enrollid": 1, "admin": 0, "backupnum": 50}],
            "pages": [{"count": 1, "from": 0, "to": 1}],
        },
    )

    records: tuple[Row, ...]
    raw: dict[str, Any]
    """The device's answer; of many pages, what they are together."""

    @classmethod
    def of(cls, serial: str, everybody: Everybody) -> Self:
        """Return a whole list, as rows and as the device would say it in one page."""
        known = {(each.user_id, each.finger): each for each in everybody.templates}
        rows = tuple(_rows(everybody.people, known))
        said = dict(everybody.read.said or {})
        whole = {"ret": "getuserlist", "sn": serial, "result": True}
        extent = {"count": len(rows), "from": 0, "to": len(rows)}
        record = [each.model_dump(exclude={"name", "aliasid", "template"}) for each in rows]
        pages = said.pop("pages", [])
        return cls(records=rows, raw={**said, **whole, **extent, "record": record, "pages": pages})


def _rows(people: Iterable[DeviceUser], known: Mapping[tuple[str, int], Template]) -> Iterable[Row]:
    for person in people:
        for slot in _slots(person):
            record = _record(known.get((person.user_id, slot)))
            yield Row(
                enrollid=number_of(person.user_id),
                admin=ADMINS[person.privilege],
                backupnum=slot,
                name=person.name,
                aliasid=person.alias or "",
                record=record,
                template=record if slot in _FINGERS else None,
            )


def _slots(person: DeviceUser) -> Iterable[int]:
    """Return the numbers of what a device knows a person by, also where it does not list them."""
    if person.credentials:
        return person.credentials
    own = [(_PASSWORD, person.has_password), (_CARD, bool(person.card))]
    return [*person.fingers, *(slot for slot, there in own if there)] or [_PROFILE]


def _record(template: Template | None) -> str | None:
    if template is None:
        return None
    data = template.data.get_secret_value()
    if template.finger in {_PASSWORD, _CARD}:
        return data.decode("ascii", "replace")
    return base64.b64encode(data).decode()


class Deleted(View):
    """One person who is to be deleted."""

    enrollid: int
    op_id: str = Field(alias="opId")
    status: OperationStatus

    @classmethod
    def of(cls, enrollid: int, job: Job) -> Self:
        """Return what was begun for one person."""
        op_id = object_id(job.operation_id)
        return cls(enrollid=enrollid, op_id=op_id, status=_STATUSES[job.status])


class Deletions(Success):
    """Everybody who is to be deleted."""

    model_config = example(
        success=True,
        sn="ZXRE06022863",
        count=2,
        results=[
            {"enrollid": 2, "opId": "64f5c0ffee5eed0ddba11abc", "status": "pending"},
            {"enrollid": 3, "opId": "650ac0ffee5eed0ddba11abc", "status": "pending"},
        ],
    )

    sn: str
    count: int
    results: tuple[Deleted, ...]
