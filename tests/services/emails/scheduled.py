"""Schedule the email of a task, and look at emails, refusals and events."""

from datetime import datetime
from email import message_from_bytes, policy
from typing import Any

import pytest

from api.models import Event, Send, Task
from api.services.tasks.send_task_email import send_task
from plugins.contract import Outgoing
from strategies import Refusal
from tests.services.tasks.test_send_task_email import DAY
from tests.services.world import NOW, World

TWO = NOW + 2 * DAY


async def by_hand(world: World, at: datetime | None = TWO, **text: str) -> Send:
    """Schedule the email of the task."""
    return await send_task(world.context, (await Task.get()).id, at=at, **text)


async def automatic() -> Send:
    """Return the email of the first step."""
    return await Send.get(by_hand=False, step__number=1)


async def refusal(work: Any) -> tuple[str, tuple[str, ...]]:
    """Return the code and the path of the refusal that the work ends with."""
    with pytest.raises(Refusal) as refused:
        await work
    return refused.value.code, tuple(refused.value.path)


def arrivals(world: World) -> list[tuple[str, str]]:
    """Return a list to which the subject and HTML of each email are added that is sent from now on."""
    arrived: list[tuple[str, str]] = []

    async def arrives(outgoing: Outgoing) -> None:
        message = message_from_bytes(outgoing.message, policy=policy.default)
        html = message.get_body(("html",))
        assert html is not None
        arrived.append((message["Subject"], html.get_content()))

    world.channel.during = arrives
    return arrived


async def events(*kinds: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the kinds and data of the events of these kinds, oldest first."""
    return [(event.kind, event.data) for event in await Event.filter(kind__in=kinds).order_by("id")]
