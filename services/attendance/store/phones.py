"""What is kept of punches by phone besides the punch."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.attendance.models import app_details, images, punches
from shared.contracts.attendance import PunchByApp, app_site
from shared.contracts.identity import canonical_person


async def in_second(connection: AsyncConnection, owner: str, person: str, at: datetime) -> int:
    """Return how many punches by phone a person has in a moment's second; lock the feed first."""
    second = at.replace(microsecond=0)
    query = select(func.count()).where(
        punches.c.owner == owner,
        punches.c.user_id == canonical_person(person),
        punches.c.site == app_site(owner),
        punches.c.punched_at >= second,
        punches.c.punched_at < second + timedelta(seconds=1),
    )
    return (await connection.execute(query)).scalar_one()


async def keep_details(
    connection: AsyncConnection, owner: str, punch_id: UUID, said: PunchByApp
) -> None:
    """Keep what a phone said with a punch; the photo apart."""
    key = {"owner": owner, "punch_id": punch_id}
    await connection.execute(
        insert(app_details).values(
            **key,
            latitude=said.latitude,
            longitude=said.longitude,
            macs=said.macs.replace("\x00", ""),
            device_name=said.device_name.replace("\x00", ""),
        )
    )
    if said.image is not None:
        await connection.execute(insert(images).values(**key, jpeg=said.image.get_secret_value()))


async def image(connection: AsyncConnection, owner: str, span: tuple[UUID, UUID]) -> bytes | None:
    """Return the photo of the owner's punch with an id in this span, None when there is none."""
    query = (
        select(images.c.jpeg)
        .where(images.c.owner == owner, images.c.punch_id.between(*span))
        .order_by(images.c.punch_id)
        .limit(1)
    )
    return (await connection.execute(query)).scalar_one_or_none()
