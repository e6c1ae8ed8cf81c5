"""Punches, and whether they were forwarded."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field
from typing_extensions import override

from services.gateway import rules
from services.gateway.routes.examples import example
from services.gateway.routes.timmy.views.base import Moment, Success, View, sometimes
from shared.contracts.attendance import LoggedPunch, LogPage
from shared.contracts.deliveries import Redelivered, Redelivery
from shared.contracts.identity import object_id

ID: Final = "6925d3b4c8227c3a1972328b"
_RESPONSE: Final = {"success": True, "forwarded": True}
_PUNCH: Final[dict[str, Any]] = {
    "_id": ID,
    "enrollid": "121",
    "event": 1,
    "time": "2025-11-25T16:05:08.665Z",
    "device_sn": "App",
    "device_type": "mobile_app",
    "is_send": True,
    "send_failed": False,
    "forwardedAt": "2025-11-25T16:05:09.000Z",
}
_PLACE: Final = {"latitude": 33.3096307, "longitude": 44.4490251}
_MOBILE: Final[dict[str, Any]] = {
    **_PUNCH,
    "name": "mustafa",
    "forwardResponse": _RESPONSE,
    "last_attempt_error": None,
    "device_name": "App",
    "location": _PLACE,
    "macs": "aa:bb:cc:dd:ee:ff",
    "image": None,
}


class Location(View):
    """Where a phone says it was."""

    latitude: float | None
    longitude: float | None


class EmployeePunch(View):
    """A punch of the employee who asks, made at whatever device."""

    model_config = example(**_PUNCH)

    id: str = Field(alias="_id")
    enrollid: str
    event: int | None
    time: Moment | None
    """Null when the device gave a date that no calendar has; ``device_time`` is what it gave."""
    device_time: Annotated[str | None, sometimes()] = None
    device_sn: str
    device_type: Literal["mobile_app", "device"]
    is_send: bool
    send_failed: bool
    forwarded_at: Moment | None = Field(alias="forwardedAt")

    @classmethod
    def of(cls, found: LoggedPunch) -> Self:
        """Return a punch as it is shown."""
        return cls(**_fields(found))


class MobilePunch(EmployeePunch):
    """A punch made by phone, with all that is known of it."""

    model_config = example(**_MOBILE)

    name: str | None
    forward_response: Any = Field(alias="forwardResponse")
    last_attempt_error: str | None
    device_name: str | None
    location: Location | None
    macs: str | None
    image: str | None
    """Where the photo is, for an administrator; null without one."""

    @override
    @classmethod
    def of(cls, found: LoggedPunch) -> Self:
        """Return a punch as it is shown."""
        placed = found.latitude is not None or found.longitude is not None
        place = Location(latitude=found.latitude, longitude=found.longitude)
        return cls(
            **_fields(found),
            name=found.name,
            forward_response=found.forward_response,
            last_attempt_error=found.last_attempt_error,
            device_name=found.device_name,
            location=place if placed else None,
            macs=found.macs,
            image=image_path(object_id(found.id)) if found.has_image else None,
        )


def image_path(punch_id: str) -> str:
    """Return where the photo of a punch is."""
    return f"/api/fingerprints/{punch_id}/image"


def _fields(found: LoggedPunch) -> dict[str, Any]:
    return {
        "id": object_id(found.id),
        "enrollid": found.user_id,
        "event": found.event,
        "time": found.punched_at,
        "device_time": None if found.punched_at else found.device_time,
        "device_sn": found.serial_number,
        "device_type": "mobile_app" if found.source == "app" else "device",
        "is_send": found.is_send,
        "send_failed": found.send_failed,
        "forwarded_at": found.forwarded_at,
    }


def was_forwarded(found: LoggedPunch) -> bool:
    """Tell whether the receiver confirmed a punch."""
    return found.is_send and not found.send_failed and found.forwarded_at is not None


class Punched(Success):
    """A punch that was made just now."""

    message: str
    data: MobilePunch
    forwarded: bool


class _Page(View):
    total_count: int = Field(alias="totalCount")
    current_page: int = Field(alias="currentPage")
    limit: int
    total_pages: int = Field(alias="totalPages")


class OwnLog(_Page):
    """One page of the punches of the employee who asks."""

    logs: tuple[EmployeePunch, ...]


class MobileLogs(Success, _Page):
    """One page of the punches that were made by phone."""

    items: tuple[MobilePunch, ...]


def page_of(page: int, limit: int, found: LogPage) -> dict[str, int]:
    """Return which page of a list it is, and how many there are."""
    return {
        "total_count": found.total,
        "current_page": page,
        "limit": limit,
        "total_pages": rules.pages_of(found.total, limit),
    }


class Retry(View):
    """What came of one punch that was forwarded once more."""

    id: str
    ok: bool
    response: Annotated[Any, sometimes()] = None
    error: Annotated[str | None, sometimes()] = None

    @classmethod
    def of(cls, found: Redelivery) -> Self:
        """Return what came of one punch."""
        return cls(
            id=object_id(found.punch_id), ok=found.ok, response=found.response, error=found.error
        )


class RetryFinished(Success):
    """What came of all that were forwarded once more."""

    model_config = example(
        success=True,
        message="Retry finished",
        count=2,
        successCount=1,
        failedCount=1,
        remaining=0,
        results=[
            {"id": ID, "ok": True, "response": _RESPONSE},
            {
                "id": "6925d3b4c8227c3a1972328c",
                "ok": False,
                "error": "Remote server did not confirm receipt",
            },
        ],
    )

    message: str
    count: int
    success_count: int = Field(alias="successCount")
    failed_count: int = Field(alias="failedCount")
    remaining: int
    """How many there was no time for; ask again."""
    results: tuple[Retry, ...]

    @classmethod
    def of(cls, message: str, made: Redelivered, remaining: int) -> Self:
        """Return what came of them."""
        results = tuple(Retry.of(each) for each in made.items)
        good = sum(each.ok for each in results)
        return cls(
            message=message,
            count=len(results),
            success_count=good,
            failed_count=len(results) - good,
            remaining=remaining,
            results=results,
        )
