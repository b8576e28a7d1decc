"""A preview calculates people with equal facts together. Its answer is the one of a calculation person by person."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest

from api.models import Send
from api.services.campaigns.draft import Draft
from api.services.campaigns.editing import apply_edit
from api.services.campaigns.editing.edit_preview import edit_preview
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.campaigns.pausing.resume_preview import resume_preview
from api.services.enrollments.facts import fact_groups
from api.states import SendStatus
from strategies import Refusal
from tests.services.campaigns.edited import later
from tests.services.campaigns.previewed import (
    actual_changes,
    edit_person_by_person,
    foretold_changes,
    resume_person_by_person,
    state,
)
from tests.services.campaigns.random_worlds import random_edit, random_world
from tests.services.world import World, make_world

SEEDS = [("sqlite" if seed % 4 else "postgres", seed) for seed in range(12)]
"""Each random campaign on one database: a preview calculates in Python, from rows that tests/store reads on both."""


@pytest.fixture(autouse=True)
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let groups reach over slices."""
    monkeypatch.setattr(fact_groups, "PEOPLE_PER_SLICE", 4)


@pytest.mark.parametrize(("database_kind", "seed"), SEEDS)
async def test_previews_of_random_campaigns_agree_with_each_person_and_with_the_edit(database: str, seed: int) -> None:
    random = Random(seed)
    world, campaign = await random_world(random)
    if seed % 3 == 0:
        await pause_campaign(world.context, campaign)
    world = later(world, world.context.now + timedelta(hours=random.choice([0, 3, 30, 80])))
    while True:
        try:
            seed_of_edit = random.random()
            draft = await _edit(world, campaign, seed_of_edit)
            found = await edit_preview(world.context, draft)
            break
        except Refusal:
            continue
    assert found.people > 0
    assert found.exact
    assert found == await edit_person_by_person(world.context, draft)
    before = await state()
    await apply_edit.apply(world.context, await _edit(world, campaign, seed_of_edit))
    assert await actual_changes(before, await state()) == foretold_changes(found)


async def _edit(world: World, campaign: str, seed: float) -> Draft:
    return await random_edit(Random(seed), world, campaign)


@pytest.mark.parametrize(("database_kind", "seed"), SEEDS)
async def test_resume_previews_of_random_campaigns_agree_with_each_person_and_with_the_resume(
    database: str, seed: int
) -> None:
    random = Random(seed)
    world, campaign = await random_world(random)
    await pause_campaign(world.context, campaign)
    world = later(world, world.context.now + timedelta(hours=random.choice([1, 3, 30, 80])))
    found = await resume_preview(world.context, campaign)
    assert found.exact
    assert found == await resume_person_by_person(world.context, campaign)
    before = {row.id: row for row in await Send.filter(held=True).prefetch_related("step")}
    await resume_campaign(world.context, campaign)
    moved = Counter[int]()
    for row in await Send.filter(id__in=list(before)):
        moved[before[row.id].step.number] += row.due_at != before[row.id].due_at
    assert +moved == +Counter({step.step: step.moving for step in found.steps})


async def test_too_many_groups_are_named(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fact_groups, "MAX_GROUPS", 2)
    world = await make_world(9)
    sends = await Send.filter(step__number=2).order_by("id")
    for number, send in enumerate(sends[:5]):
        await Send.filter(id=send.id).update(status=SendStatus.DEFERRED, attempts=1, due_at=send.due_at + number * HOUR)
    (campaign,) = {row.campaign_id for row in world.enrollments}
    await pause_campaign(world.context, campaign)
    preview = await resume_preview(world.context, campaign)
    assert (preview.exact, preview.people, preview.calculated_people, preview.staying_people) == (False, 9, 5, 5)
    (warning,) = preview.warnings
    assert (warning.code, warning.values) == ("PREVIEW_INCOMPLETE", {"people": 9, "calculated": 5})
    draft = await _edit(world, campaign, 1)
    edit = await edit_preview(world.context, draft)
    assert (edit.exact, edit.people, edit.calculated_people) == (False, 9, 5)
    assert "PREVIEW_INCOMPLETE" in {note.code for note in edit.warnings}


HOUR = timedelta(hours=1)
