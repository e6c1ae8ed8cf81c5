"""What phones send, and which punches callers ask for."""

import hashlib
from typing import Annotated, Final

from pydantic import Field, SecretBytes

from services.gateway.handlers.images import Images
from services.gateway.routes.examples import example
from services.gateway.routes.shapes.fields import LEFT_OUT, PLAIN, Strict
from services.gateway.routes.timmy.shapes.fields import Flag, Number, Span, terms
from shared.contracts.attendance import (
    Latitude,
    ListAppLog,
    ListOwnLog,
    Longitude,
    PunchByApp,
)

BODY: Final = 8 * 1024 * 1024
"""The most bytes of a body that may hold a photo."""
_WAIT: Final = 5.0
"""Seconds for which a phone waits to hear whether its punch was forwarded."""
_Text = Annotated[str, Field(max_length=64, pattern=PLAIN)]


class PhoneLocation(Strict):
    """Where the phone says it is."""

    latitude: Latitude | None = None
    longitude: Longitude | None = None


class NewPunch(Strict):
    """A punch by phone; its time is that of its arrival."""

    model_config = example(
        event=1,
        location={"latitude": 33.3096307, "longitude": 44.4490251},
        device_sn="App",
        device_name="App",
        macs="aa:bb:cc:dd:ee:ff",
    )

    event: Annotated[int, Field(ge=-(2**31), lt=2**31)] | None = None
    location: PhoneLocation | None = None
    device_sn: _Text = "App"
    """Whatever it says: all phones of an owner are the device ``App``."""
    device_name: Annotated[str, Field(max_length=128, pattern=PLAIN)] = ""
    macs: Annotated[str, Field(max_length=512, pattern=PLAIN)] = ""
    image: Annotated[str, Field(max_length=BODY)] | None = None
    """A JPEG in base64, bare or as a data URI."""

    @property
    def fingerprint(self) -> str:
        """What must be the same when an idempotency key is used again."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    async def asking(self, images: Images) -> PunchByApp:
        """Return the question to attendance; raise VALIDATION_ERROR for what is no photo."""
        photo = SecretBytes(await images.remade(self.image)) if self.image else None
        place = self.location or PhoneLocation()
        return PunchByApp(
            event=self.event,
            latitude=place.latitude,
            longitude=place.longitude,
            device_name=self.device_name,
            macs=self.macs,
            image=photo,
            wait=_WAIT,
        )


class OwnLog(Span):
    """Which punches of the employee who asks."""

    limit: Annotated[int, Field(ge=1, le=200)] = 10
    event: Number = LEFT_OUT
    device_sn: _Text | None = LEFT_OUT
    is_send: Flag = LEFT_OUT

    def asking(self) -> ListOwnLog:
        """Return the question to attendance."""
        return ListOwnLog(
            **terms(self), event=self.event, serial=self.device_sn or None, is_send=self.is_send
        )


class MobileLogs(Span):
    """Which punches by phone."""

    is_send: Flag = LEFT_OUT
    send_failed: Flag = LEFT_OUT

    def asking(self) -> ListAppLog:
        """Return the question to attendance."""
        return ListAppLog(**terms(self), is_send=self.is_send, send_failed=self.send_failed)
