"""A request leaves long work to a job. The next change that needs its end is rejected until then."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

import pytest

from api.models import Campaign, Send
from api.services.campaigns import edit_drafts
from api.services.campaigns.editing import apply_edit, edit_job
from api.services.campaigns.pausing import hold_job
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.common.context import WorkspaceContext
from strategies import Refusal
from tests.services.campaigns.edited import step
from tests.services.jobs.claims import free
from tests.services.world import NOW, World, make_world

HOUR = timedelta(hours=1)


@pytest.fixture
async def world(database: str, monkeypatch: pytest.MonkeyPatch) -> World:
    """Nine people, and jobs that handle two of them in a transaction."""
    for module, name in ((hold_job, "HELD"), (hold_job, "RELEASED")):
        monkeypatch.setattr(module, f"PEOPLE_{name}_PER_CHUNK", 2)
    monkeypatch.setattr(edit_job, "PEOPLE_PER_CHUNK", 2)
    return await make_world(9)


def slow(world: World, since: datetime) -> WorkspaceContext:
    """Return a context whose clock moves on by a second whenever it is read."""
    seconds = count()
    clock: Callable[[], datetime] = lambda: since + timedelta(seconds=next(seconds))  # noqa: E731
    return replace(world.runtime, clock=clock).context(world.context.workspace)


async def campaign() -> Campaign:
    return await Campaign.get()


async def test_a_resume_waits_for_the_pause(world: World) -> None:
    paused = await pause_campaign(slow(world, NOW + HOUR), (await campaign()).id)
    assert paused.holds is not None
    assert await Send.filter(held=True).count() == 4  # of the first two people
    with pytest.raises(Refusal) as refused:
        await resume_campaign(slow(world, NOW + 2 * HOUR), paused.id)
    assert (refused.value.code, refused.value.path) == ("CAMPAIGN_BUSY", ("id",))
    assert (await campaign()).paused_at == paused.paused_at
    await free(paused.id)
    # With a fast clock the rest is quick.
    resumed = await resume_campaign(world.context, paused.id)
    assert (resumed.paused_at, resumed.holds, await Send.filter(held=True).count()) == (None, None, 0)


async def test_an_edit_waits_for_the_resume(world: World) -> None:
    key = (await campaign()).id
    await pause_campaign(world.context, key)
    await resume_campaign(slow(world, NOW + 24 * HOUR), key)
    assert await Send.filter(held=True).count() == 14  # of seven people
    context = slow(world, NOW + 25 * HOUR)
    before = (await campaign()).revision
    with pytest.raises(Refusal) as refused:
        await apply_edit.apply(context, await edit_drafts.move_step(context, (await step(2)).id, day=4))
    assert (refused.value.code, refused.value.path) == ("CAMPAIGN_BUSY", ("id",))
    assert ((await campaign()).revision, (await step(2)).day) == (before, 9)
    await free(key)
    later = replace(world.runtime, clock=lambda: NOW + 26 * HOUR).context(world.context.workspace)
    edited = await apply_edit.apply(later, await edit_drafts.move_step(later, (await step(2)).id, day=4))
    assert (edited.editing, edited.holds, (await step(2)).day) == (False, None, 4)


async def test_an_edit_answers_before_it_has_reached_everyone(world: World) -> None:
    context = slow(world, NOW + HOUR)
    edited = await apply_edit.apply(context, await edit_drafts.move_step(context, (await step(2)).id, day=4))
    assert edited.editing
    assert await Send.filter(step__number=2, planned_date=NOW.date() + timedelta(days=3)).count() == 2


async def test_a_resume_waits_for_the_edit(world: World) -> None:
    key = (await campaign()).id
    await pause_campaign(world.context, key)
    context = slow(world, NOW + HOUR)
    await apply_edit.apply(context, await edit_drafts.move_step(context, (await step(2)).id, day=4))
    with pytest.raises(Refusal) as refused:
        await resume_campaign(slow(world, NOW + 2 * HOUR), key)
    assert refused.value.code == "CAMPAIGN_BUSY"
    assert (await campaign()).paused_at is not None
