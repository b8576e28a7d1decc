"""The Live Feed: events, written in the transaction of what they tell."""

from datetime import datetime
from typing import Any

from api.ids import new_id
from api.models import Event


def event(
    workspace_id: str, kind: str, at: datetime, *, data: dict[str, Any] | None = None, **about: str | None
) -> Event:
    """Make an event, not yet written. ``about`` names rows: campaign_id, person_id, enrollment_id, step_id, …"""
    return Event(id=new_id("evt"), workspace_id=workspace_id, kind=kind, at=at, data=data or {}, **about)


async def write(events: list[Event]) -> None:
    """Write events. Call inside the transaction of what they tell."""
    if events:
        await Event.bulk_create(events, batch_size=500)
