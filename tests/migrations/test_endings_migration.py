"""The migration of endings on populated tables: no campaign is being ended, and ending one works."""

from api.models import Campaign
from api.services.campaigns.ending.ending import end_campaign
from api.store.engine.database import migrate
from api.store.engine.sql import execute
from tests.migrations.migrating import before
from tests.services.world import make_world

NAME = "0022_endings"


async def test_no_campaign_is_being_ended(database: str) -> None:
    world = await make_world(2)
    names = await before(NAME)
    assert names[0] == NAME
    (old,) = await execute("SELECT * FROM campaign")
    assert "ending_at" not in old
    assert await migrate() == names
    (new,) = await execute("SELECT * FROM campaign")
    assert {name: value for name, value in dict(new).items() if name in old} == dict(old)
    assert new["ending_at"] is None
    assert await end_campaign(world.context, (await Campaign.get()).id) == 2
    assert (await Campaign.get()).ending_at is None
