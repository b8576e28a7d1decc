"""The migration of resumes on populated tables: a pause from before it counts once it is over."""

from datetime import timedelta

from api.models import Campaign, Task
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.store.engine.database import migrate
from api.store.tasks.tasks import next_expiry
from tests.migrations.migrating import before
from tests.services.campaigns.test_pausing_expiry import MIDNIGHT, PEOPLE, at, calls, expiries, world
from tests.services.world import World

__all__ = ["world"]
NAME = "0028_resumes"


async def test_a_pause_of_the_release_before_extends_expiries(world: World) -> None:
    await pause_campaign(world.context, (await calls()).id)
    names = await before(NAME)
    assert names[0] == NAME
    assert await migrate() == names
    assert not await Campaign.exclude(resume_requested_at=None, paused_seconds=0).exists()
    assert await Task.filter(held=True, paused_seconds=0).count() == PEOPLE
    await resume_campaign(at(world, 5), (await calls()).id)
    assert await expiries() == {MIDNIGHT + timedelta(hours=5): PEOPLE}


async def test_tasks_of_the_release_before_expire(world: World) -> None:
    names = await before(NAME)
    assert await migrate() == names
    assert await next_expiry(None) == MIDNIGHT
