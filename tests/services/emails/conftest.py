"""What the tests of scheduled emails share: a person with a task that an email can be sent for."""

import pytest

from api.models import Campaign, Event
from api.services.campaigns.campaigns import add_step
from tests.services.campaigns.edited import content
from tests.services.world import World, make_world


@pytest.fixture
async def world(database: str) -> World:
    """One person: a first email that waits for now, a task on day 2, and an email on day 9 that refers to it."""
    world = await make_world(1)
    await add_step(world.context, (await Campaign.get()).id, day=2, send_option="task", **await content())
    await Event.all().delete()
    return world
