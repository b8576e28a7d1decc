"""What the status of a campaign is, from its first draft to its archive, and that both rules of it agree."""

from datetime import timedelta
from itertools import product

import pytest

from api.models import Campaign, Person, Step, Task
from api.services.campaigns.archive import archive_campaign
from api.services.campaigns.campaigns import add_step, remove_step
from api.services.campaigns.ending.ending import end_campaign, end_enrollment
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.launches.background import background_launch
from api.services.launches.background.launch_job import LAUNCH
from api.services.launches.launch import Choice, launch
from api.services.people.erasing import erase_person
from api.services.people.people import create_person
from api.services.people.suppressions import suppress_address
from api.services.replies.bounces import record_bounce
from api.services.replies.replies import record_reply
from api.services.tasks.tasks import complete_task, skip_task
from api.states import CampaignStatus, campaign_status
from api.store.campaigns import campaign_status as campaign_status_store
from api.store.campaigns.campaign_lists import CampaignFilter, campaigns
from api.store.campaigns.campaign_status import STATUS, finish_campaign, mark_launched
from api.store.engine.listing.listing import Window
from api.store.engine.sql import execute
from api.store.engine.transactions import transaction
from strategies import Refusal, StepType
from tests.databases import on_sqlite
from tests.services.campaigns.edited import later
from tests.services.jobs.runners import runner_of
from tests.services.locks import beside, waits_for_us
from tests.services.world import NOW, Killed, World, make_world

COLUMNS = ("archived_at", "ending_at", "paused_at", "resume_requested_at", "launched_at", "finished_at")
END = NOW + timedelta(days=30)


@pytest.fixture
async def world(database: str) -> World:
    return await make_world(2)


async def status() -> CampaignStatus:
    return campaign_status(await Campaign.get())


async def test_both_rules_agree_for_each_combination_of_facts(world: World) -> None:
    row, seen = await Campaign.get(), set()
    for facts in product((None, NOW), repeat=len(COLUMNS)):
        row.update_from_dict(dict(zip(COLUMNS, facts, strict=True)))
        await row.save()
        ((found,),) = [tuple(each.values()) for each in await execute(f"SELECT {STATUS} AS status FROM campaign")]
        assert found == campaign_status(row), facts
        seen.add(found)
    assert seen == set(CampaignStatus)


@on_sqlite
async def test_a_campaign_runs_until_nobody_is_active(world: World) -> None:
    row = await Campaign.get()
    assert (await status(), row.launched_at, row.finished_at) == (CampaignStatus.RUNNING, NOW, None)
    await pause_campaign(world.context, row.id)
    assert await status() is CampaignStatus.PAUSED
    await resume_campaign(world.context, row.id)
    await end_enrollment(world.context, world.enrollments[0].id)
    assert await status() is CampaignStatus.RUNNING
    await world.tick()
    await world.tick(END)
    assert (await Campaign.get()).finished_at == END, "in the transaction of the last email"
    assert await status() is CampaignStatus.FINISHED
    person = await create_person(world.context, "late@example.com")
    await launch(later(world, END).context, row.id, [person.id], Choice("NOW"), {})
    row = await Campaign.get()
    assert (await status(), row.launched_at, row.finished_at) == (CampaignStatus.RUNNING, NOW, None)
    await end_campaign(world.context, row.id)
    assert await status() is CampaignStatus.FINISHED  # at once, without a tick


@pytest.mark.parametrize("how", ["ended", "replied", "bounced", "unsubscribed", "erased", "task done", "skipped"])
async def test_the_end_of_the_last_person_shows_at_once(world: World, how: str) -> None:
    """However it ends: nobody has to wait for the next tick of the recovery."""
    context, (first, last) = world.context, world.enrollments
    await Campaign.all().update(on_reply="END", remove_on_bounce=True)
    if how in ("task done", "skipped"):
        await add_step(context, first.campaign_id, day=2, step_type=StepType.CALL)
        await remove_step(context, (await Step.get(number=3)).id)
    await end_enrollment(context, first.id)
    await world.tick()
    assert await status() is CampaignStatus.RUNNING
    if how == "ended":
        await end_enrollment(context, last.id)
    elif how == "replied":
        await record_reply(context, last.id)
    elif how == "bounced":
        await record_bounce(context, last.id)
    elif how == "unsubscribed":
        await suppress_address(context, "bob@example.com")
    elif how == "erased":
        await erase_person(context, last.person_id)
    else:
        task = await Task.get(enrollment_id=last.id)
        await (complete_task if how == "task done" else skip_task)(context, task.id)
    assert await status() is CampaignStatus.FINISHED


async def test_an_end_that_is_rolled_back_finishes_nothing(world: World) -> None:
    await end_enrollment(world.context, world.enrollments[0].id)
    with pytest.raises(Killed):
        async with transaction():
            await end_enrollment(world.context, world.enrollments[1].id)
            raise Killed
    assert await status() is CampaignStatus.RUNNING


async def test_a_background_launch_that_enrolls_nobody_leaves_a_draft(world: World) -> None:
    row = await Campaign.get()
    await end_campaign(world.context, row.id)
    await Campaign.all().update(launched_at=None, finished_at=None)
    ended = [row.person_id for row in world.enrollments]
    await Person.filter(id__in=ended).update(bounced_at=NOW)
    for ids, expected in ((ended, CampaignStatus.DRAFT), (None, CampaignStatus.RUNNING)):
        if ids is None:
            await create_person(world.context, "new@example.com")
        await background_launch.start_launch(world.context, row.id, ids, Choice("NOW"))
        await runner_of(world, NOW, [LAUNCH]).run_next()
        assert await status() is expected


async def test_lists_filter_by_status_and_leave_out_the_deleted(world: World) -> None:
    async def found(*statuses: CampaignStatus) -> list[str]:
        listing = await campaigns(world.context.workspace_id, CampaignFilter(statuses=statuses or None), None)
        return [row.name for row in (await listing.page(Window(5)))[0]]

    assert await found(CampaignStatus.RUNNING, CampaignStatus.DRAFT) == await found() == ["C"]
    assert await found(CampaignStatus.DRAFT) == []
    await Campaign.all().update(deleted_at=NOW)
    assert await found() == []


class TestTogether:
    @pytest.fixture
    def database_kind(self) -> str:
        """Where statements really run side by side."""
        return "postgres"

    async def test_the_last_two_people_who_end_at_once(self, world: World) -> None:
        """The second transaction waits until it can see the first one."""
        first, last = world.enrollments
        async with transaction():
            await end_enrollment(world.context, first.id)
            await campaign_status_store._finish_if_last({first.campaign_id: NOW})  # as before the commit
            ending = beside(end_enrollment(world.context, last.id))
            assert await waits_for_us(ending)
        await ending
        assert await status() is CampaignStatus.FINISHED

    async def test_a_launch_beside_the_check_is_seen(self, world: World) -> None:
        """The check waits for the launch, and then finds its person."""
        row = await Campaign.get()
        await end_campaign(world.context, row.id)
        person = await create_person(world.context, "new@example.com")
        async with transaction():
            await mark_launched(row.id, NOW)
            checking = beside(finish_campaign(row.id, NOW))
            assert await waits_for_us(checking)
            await launch(world.context, row.id, [person.id], Choice("NOW"), {})
        assert not await checking
        assert await status() is CampaignStatus.RUNNING

    async def test_a_campaign_is_not_archived_beside_a_launch(self, world: World) -> None:
        """Each waits for the other, and then sees what it has done."""
        row = await Campaign.get()
        await end_campaign(world.context, row.id)
        person = await create_person(world.context, "new@example.com")
        async with transaction():
            await launch(world.context, row.id, [person.id], Choice("NOW"), {})
            archiving = beside(archive_campaign(world.context, row.id, archived=True))
            assert await waits_for_us(archiving)
        with pytest.raises(Refusal) as refused:
            await archiving
        assert refused.value.code == "PEOPLE_ACTIVE"
        await end_campaign(world.context, row.id)
        other = await create_person(world.context, "other@example.com")
        async with transaction():
            await archive_campaign(world.context, row.id, archived=True)
            launching = beside(launch(world.context, row.id, [other.id], Choice("NOW"), {}))
            assert await waits_for_us(launching)
        with pytest.raises(Refusal) as refused:
            await launching
        assert refused.value.code == "CAMPAIGN_ARCHIVED"
        assert await status() is CampaignStatus.ARCHIVED
