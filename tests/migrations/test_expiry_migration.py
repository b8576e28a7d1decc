"""The migration of expiry on populated tables: the open tasks of paused campaigns are on hold."""

from api.models import Campaign, Enrollment, Task
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.states import TaskStatus
from api.store.engine.database import migrate
from benchmarks.populated import Size, populate
from tests.migrations.migrating import before
from tests.services.world import make_world

NAME = "0024_expiry"


async def test_open_tasks_of_paused_campaigns_are_on_hold(database: str) -> None:
    world = await make_world(1)
    workspace = await populate(Size(5_000), "a")
    first = await Campaign.filter(workspace_id=workspace.id).order_by("id").first()
    assert first is not None
    one_each = await Task.filter(workspace_id=workspace.id).order_by("id").limit(40)
    await Task.filter(id__in=[task.id for task in one_each]).update(status=TaskStatus.OPEN, done_at=None)
    await pause_campaign(world.runtime.context(workspace), first.id)
    mine = await Enrollment.filter(campaign_id=first.id).values_list("id", flat=True)
    names = await before(NAME)
    assert names[0] == NAME
    assert await migrate() == names
    open_tasks = {task.id for task in await Task.filter(status=TaskStatus.OPEN, enrollment_id__in=mine)}
    assert open_tasks
    assert {task.id for task in await Task.filter(held=True)} == open_tasks
    assert await Task.filter(status=TaskStatus.OPEN).exclude(id__in=open_tasks).exists()
    await resume_campaign(world.runtime.context(workspace), first.id)
    assert not await Task.filter(held=True, enrollment__status="ACTIVE").exists()
