"""What the tests of scheduled emails share: a person with a task that an email can be sent for."""

import pytest

from api.models import Event
from tests.services.world import World, make_world_with_task


@pytest.fixture
async def world(database: str) -> World:
    """One person: a first email that waits for now, a task on day 2, and an email on day 9 that refers to it."""
    world = await make_world_with_task()
    await Event.all().delete()
    return world
