"""A request leaves long work to a job. Later changes are accepted meanwhile, or rejected if they need its end."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest

from api.models import Campaign, Enrollment, Send
from api.services.campaigns import edit_drafts
from api.services.campaigns.editing import apply_edit, edit_job
from api.services.campaigns.ending.ending import end_campaign
from api.services.campaigns.pausing import pause_job
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.campaigns.pausing.resume_preview import resume_preview
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.dispatcher import run_once
from api.services.launches.launch import Choice, launch
from api.services.people.people import create_person
from api.tick import Ticker
from strategies import Refusal
from tests.databases import on_sqlite
from tests.services.campaigns.edited import step
from tests.services.jobs.claims import free
from tests.services.world import NOW, World, make_world

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def world(database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """Nine people, and jobs that handle two of them in a transaction."""
    for module, name in ((pause_job, "HELD"), (pause_job, "RELEASED")):
        monkeypatch.setattr(module, f"PEOPLE_{name}_PER_CHUNK", 2)
    monkeypatch.setattr(edit_job, "PEOPLE_PER_CHUNK", 2)
    return await make_world(9)


def slow(world: World, since: datetime) -> WorkspaceContext:
    """Return a context whose clock moves on by a second whenever it is read."""
    seconds = count()
    clock: Callable[[], datetime] = lambda: since + timedelta(seconds=next(seconds))  # noqa: E731
    return replace(world.runtime, clock=clock).context(world.context.workspace)


def at(world: World, now: datetime) -> World:
    """Return the same world at another time."""
    runtime = replace(world.runtime, clock=lambda: now)
    return replace(world, runtime=runtime, context=runtime.context(world.context.workspace))


async def do_jobs(world: World, now: datetime) -> None:
    """Let a tick loop carry out all jobs, and send what is due."""
    await free((await campaign()).id)
    later = at(world, now)
    await Ticker(later.runtime, later.runtime.clock, 1).until_idle()


async def campaign() -> Campaign:
    return await Campaign.get()


async def held() -> int:
    return await Send.filter(held=True).count()


async def paused(world: World) -> Campaign:
    """Pause the campaign, which reaches the first two people only."""
    row = await pause_campaign(slow(world, NOW + HOUR), (await campaign()).id)
    assert (row.holds is not None, await held()) == (True, 4)
    return row


@on_sqlite
async def test_a_resume_follows_the_pause_that_is_still_applied(world: World) -> None:
    before = await paused(world)
    # The next day: everyone's first email is overdue, so that all emails move by a day.
    resumed = await resume_campaign(slow(world, NOW + 23 * HOUR), before.id)
    assert (resumed.resume_requested_at is not None, resumed.holds is not None) == (True, True)
    await run_once(world.runtime, NOW + 23 * HOUR)
    assert world.channel.left == []
    await do_jobs(world, NOW + 23.5 * HOUR)
    row = await campaign()
    assert (row.paused_at, row.resume_requested_at, row.holds, row.paused_seconds) == (None, None, None, 22 * 3600)
    assert (await held(), world.channel.left) == (0, [])
    assert await Send.filter(due_at=NOW + DAY).count() == 9
    assert await Send.filter(due_at=NOW + 9 * DAY).count() == 9


@on_sqlite
async def test_a_resume_counts_from_its_request(world: World) -> None:
    """The job comes late: what was due meanwhile is sent at once, and does not move by a day."""
    before = await paused(world)
    await resume_campaign(slow(world, NOW + 23 * HOUR), before.id)
    await do_jobs(world, NOW + 25 * HOUR)
    assert len(world.channel.left) == 9
    assert await Send.filter(status="SENT", due_at=NOW + DAY).count() == 9


@on_sqlite
async def test_a_second_resume_is_refused(world: World) -> None:
    before = await paused(world)
    await resume_campaign(slow(world, NOW + 23 * HOUR), before.id)
    for call in (resume_campaign, resume_preview):
        with pytest.raises(Refusal) as refused:
            await call(at(world, NOW + 23 * HOUR).context, before.id)
        assert refused.value.code == "CAMPAIGN_NOT_PAUSED"


@on_sqlite
async def test_a_pause_replaces_a_resume_that_is_not_carried_out(world: World) -> None:
    before = await paused(world)
    await resume_campaign(slow(world, NOW + 23 * HOUR), before.id)
    again = await pause_campaign(slow(world, NOW + 24 * HOUR), before.id)
    assert (again.paused_at == NOW + 24 * HOUR, again.resume_requested_at) == (True, None)
    await do_jobs(world, NOW + 26 * HOUR)
    assert ((await campaign()).holds, await held(), world.channel.left) == (None, 18, [])
    resumed = await resume_campaign(at(world, NOW + 40 * HOUR).context, before.id)
    # Without the hour in which it was to be resumed.
    assert (resumed.paused_at, resumed.paused_seconds, await held()) == (None, (22 + 16) * 3600, 0)
    assert await Send.filter(due_at=NOW + 2 * DAY).count() == 9


@on_sqlite
async def test_people_can_be_launched_after_a_resume_that_is_not_carried_out(world: World) -> None:
    before = await paused(world)
    await resume_campaign(slow(world, NOW + 2 * HOUR), before.id)
    later = at(world, NOW + 2 * HOUR)
    new = await create_person(later.context, "new@example.com")
    await launch(later.context, before.id, [new.id], Choice("NOW"), {})
    await do_jobs(world, NOW + 2 * HOUR)
    assert len(world.channel.left) == 10
    assert "new@example.com" in world.channel.left


async def test_a_campaign_can_be_ended_after_a_resume_that_is_not_carried_out(world: World) -> None:
    before = await paused(world)
    await resume_campaign(slow(world, NOW + 2 * HOUR), before.id)
    assert await end_campaign(slow(world, NOW + 3 * HOUR), before.id) == 9
    await do_jobs(world, NOW + 4 * HOUR)
    row = await campaign()
    assert (row.paused_at, row.resume_requested_at, row.ending_at, row.holds) == (None, None, None, None)
    assert (await Enrollment.filter(ended_at=None).count(), await held(), world.channel.left) == (0, 0, [])


async def test_an_edit_is_accepted_while_a_pause_is_applied(world: World) -> None:
    before = await paused(world)
    context = slow(world, NOW + 2 * HOUR)
    edited = await apply_edit.apply(context, await edit_drafts.move_step(context, (await step(2)).id, day=4))
    assert (edited.editing, edited.holds) == (True, before.holds)
    # A resume follows both, and a preview of it counts everyone.
    await resume_campaign(slow(world, NOW + 3 * HOUR), before.id)
    await do_jobs(world, NOW + 3 * HOUR)
    row = await campaign()
    assert (row.paused_at, row.holds, row.editing, await held()) == (None, None, False, 0)
    assert len(world.channel.left) == 9
    assert await Send.filter(due_at=NOW + 3 * DAY, planned_date=NOW.date() + 3 * DAY).count() == 9


@on_sqlite
async def test_a_resume_follows_an_edit_that_is_still_applied(world: World) -> None:
    key = (await campaign()).id
    await pause_campaign(world.context, key)
    context = slow(world, NOW + HOUR)
    await apply_edit.apply(context, await edit_drafts.move_step(context, (await step(2)).id, day=4))
    resumed = await resume_campaign(slow(world, NOW + 23 * HOUR), key)
    assert (resumed.resume_requested_at is not None, resumed.editing) == (True, True)
    await do_jobs(world, NOW + 23 * HOUR)
    row = await campaign()
    assert (row.paused_at, row.editing, await held()) == (None, False, 0)
    assert await Send.filter(step__number=2, due_at=NOW + 4 * DAY).count() == 9


@on_sqlite
async def test_an_edit_waits_for_the_resume(world: World) -> None:
    key = (await campaign()).id
    await pause_campaign(world.context, key)
    await resume_campaign(slow(world, NOW + 24 * HOUR), key)
    assert await held() == 14  # of seven people
    await refuses_edits(world)
    await free(key)
    later = at(world, NOW + 26 * HOUR).context
    edited = await apply_edit.apply(later, await edit_drafts.move_step(later, (await step(2)).id, day=4))
    assert (edited.editing, edited.holds, (await step(2)).day) == (False, None, 4)


@on_sqlite
async def test_an_edit_waits_for_a_resume_that_is_not_carried_out(world: World) -> None:
    before = await paused(world)
    await resume_campaign(slow(world, NOW + 24 * HOUR), before.id)
    await refuses_edits(world)


async def refuses_edits(world: World) -> None:
    context = slow(world, NOW + 25 * HOUR)
    before = (await campaign()).revision
    with pytest.raises(Refusal) as refused:
        await apply_edit.apply(context, await edit_drafts.move_step(context, (await step(2)).id, day=4))
    assert (refused.value.code, refused.value.path) == ("CAMPAIGN_BUSY", ("id",))
    assert ((await campaign()).revision, (await step(2)).day) == (before, 9)


async def test_an_edit_answers_before_it_has_reached_everyone(world: World) -> None:
    context = slow(world, NOW + HOUR)
    edited = await apply_edit.apply(context, await edit_drafts.move_step(context, (await step(2)).id, day=4))
    assert edited.editing
    assert await Send.filter(step__number=2, planned_date=NOW.date() + timedelta(days=3)).count() == 2
