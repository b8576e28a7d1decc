"""The migration that creates the function of PostgreSQL that commits groups of emails."""

import pytest

from api.store.engine.database import migrate
from api.store.engine.sql import execute
from tests.migrations.migrating import before
from tests.services.world import make_world

MIGRATION = "0093_email_group_function"
FOUND = "SELECT proname FROM pg_proc WHERE proname = 'commit_email_group'"


@pytest.mark.parametrize("database_kind", ["postgres"])
async def test_emails_of_the_release_before_are_sent(database: str) -> None:
    world = await make_world(3)
    names = await before(MIGRATION)
    assert await execute(FOUND) == []
    assert await migrate() == names
    assert len(await execute(FOUND)) == 1
    await world.tick()
    assert len(world.channel.left) == 3
