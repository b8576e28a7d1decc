"""What the tick loop reads of tasks costs the same, however many tasks wait in paused campaigns and in sandboxes."""

from datetime import timedelta

import pytest

from api.clock import system_clock
from api.models import Campaign, Enrollment, Task, Workspace
from api.states import TaskStatus
from api.store.campaigns.holds import hold
from api.store.tasks.tasks import expiring, extend_expiry, next_expiry
from benchmarks.populated import Size, populate, refresh_statistics
from tests.store.plans import problems, recorded

NOW = system_clock().replace(microsecond=0)
DUE = NOW - timedelta(days=2)
LATER = NOW + timedelta(days=2)


async def held_campaign(campaign: Campaign) -> None:
    """Pause the campaign, as its job does in chunks."""
    await Campaign.filter(id=campaign.id).update(paused_at=NOW)
    after: str | None = ""
    while after is not None:
        after = (await hold(campaign.id, after, 500)).after


async def in_one_campaign(workspace: Workspace) -> Campaign:
    """Put all people into one campaign, and give all of its tasks an expiry that has passed."""
    campaign = await Campaign.filter(workspace_id=workspace.id).order_by("id").first()
    assert campaign is not None
    await Enrollment.filter(workspace_id=workspace.id).update(campaign_id=campaign.id, status="ACTIVE", ended_at=None)
    await Task.filter(workspace_id=workspace.id).update(status=TaskStatus.OPEN, done_at=None, expires_at=DUE)
    return campaign


@pytest.fixture
async def paused(database: str) -> Campaign:
    """A paused campaign with 800 tasks that would have expired, beside a running one with a few."""
    campaign = await in_one_campaign(await populate(Size(20_000), "a"))
    running = await populate(Size(1_000), "b")
    await Task.filter(workspace_id=running.id).update(status=TaskStatus.OPEN, done_at=None, expires_at=LATER)
    await held_campaign(campaign)
    await refresh_statistics()
    return campaign


async def test_tasks_of_paused_campaigns_are_not_read(paused: Campaign, caplog: pytest.LogCaptureFixture) -> None:
    assert await Task.filter(held=True).count() == 800
    with recorded(caplog) as statements:
        assert await next_expiry(None) == LATER
        assert await next_expiry(None, ["tsk_x"]) == LATER
        assert await next_expiry(paused.workspace_id) is None
        assert await expiring(NOW, None) == []
        assert await expiring(NOW, paused.workspace_id) == []
    assert len(statements) == 5
    assert await problems(statements, sorts=False) == set()


async def test_tasks_of_sandboxes_are_not_read(database: str, caplog: pytest.LogCaptureFixture) -> None:
    sandbox = await populate(Size(20_000), "a")
    await in_one_campaign(sandbox)
    await Task.filter(workspace_id=sandbox.id).update(sandbox=True)
    running = await populate(Size(1_000), "b")
    await Task.filter(workspace_id=running.id).update(status=TaskStatus.OPEN, done_at=None, expires_at=LATER)
    await refresh_statistics()
    with recorded(caplog) as statements:
        assert await next_expiry(None) == LATER
        assert await next_expiry(sandbox.id) == DUE
        assert await expiring(NOW, None) == []
    assert await problems(statements, sorts=False) == set()


async def test_a_resume_lets_tasks_expire_again(paused: Campaign) -> None:
    done = await Task.filter(workspace_id=paused.workspace_id).order_by("id").first()
    assert done is not None
    await Task.filter(id=done.id).update(status=TaskStatus.COMPLETED, done_at=NOW)
    await Campaign.filter(id=paused.id).update(paused_at=None, paused_seconds=3_600)
    assert await next_expiry(None) == LATER, "no task expires before its expiry is extended"
    everyone = [str(each) for each in await Enrollment.filter(campaign_id=paused.id).values_list("id", flat=True)]
    for _ in range(2):
        await extend_expiry(everyone, 3_600)
    assert not await Task.filter(held=True, status=TaskStatus.OPEN).exists()
    assert await next_expiry(None) == DUE + timedelta(hours=1)
    assert len(await expiring(NOW, None)) == 639  # the others have an email that waits
