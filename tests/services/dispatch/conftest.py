"""What several tests of dispatch share."""

import pytest

from api.models import Send
from tests.services.dispatch.odd_channel import Odd
from tests.services.world import World, make_world


@pytest.fixture
async def odd(database: str) -> World:
    """One person who is due through the odd channel, and two through one that works, in one process."""
    other = await make_world(1)
    world = await make_world(2)
    channel = Odd()
    mine = await Send.filter(workspace_id=other.context.workspace_id).order_by("id").first()
    assert mine is not None
    await mine.fetch_related("sender")
    await type(mine.sender).filter(id=mine.sender_id).update(channel="odd")
    return World(other.context, world.through(channel), channel, other.enrollments)
