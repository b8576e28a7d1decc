"""Unsent emails follow the changes of facts in every situation, and nothing else moves."""

from datetime import timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Person, Send
from api.services.campaigns import edit_drafts
from api.services.campaigns.campaigns import update_campaign
from api.services.campaigns.editing.edit_preview import edit_preview
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.campaigns.pausing.resume_preview import resume_preview
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.dispatcher import DispatchRuntime, run_once
from api.services.launches import launch_people
from api.services.launches.background import background_enrolling
from api.services.launches.background.background_launch import start_launch
from api.services.launches.launch import Choice, launch
from api.services.people.people import update_person
from api.services.workspaces.workspaces import create_workspace
from api.store.people.people import lock_present
from tests.services.campaigns.previewed import edit_person_by_person, resume_person_by_person
from tests.services.enrollments.facts.facts_world import (
    NOW,
    author,
    context_at,
    jobs_done,
    people,
    reading_runtime,
    times,
)


@pytest.fixture
async def runtime(database: str) -> DispatchRuntime:
    return reading_runtime()


@pytest.fixture
async def context(runtime: DispatchRuntime) -> WorkspaceContext:
    return runtime.context(await create_workspace("Acme", NOW))


async def test_previews_of_edits_and_resumes_group_people_by_the_facts_that_are_read(
    runtime: DispatchRuntime, context: WorkspaceContext
) -> None:
    campaign = await author(context, "by_name")
    everyone = await people(context)
    await launch(context, campaign.id, [person.id for person in everyone], Choice("NOW"), {})
    await run_once(runtime, NOW)

    async def weekends() -> edit_drafts.Draft:
        return await edit_drafts.settings(context, campaign.id, skip_weekends=True)

    found = await edit_preview(context, await weekends())
    assert found == await edit_person_by_person(context, await weekends())
    assert (found.exact, found.people, found.unresolved_people) == (True, 3, 0)

    renamed = await edit_preview(context, await edit_drafts.settings(context, campaign.id, name="D"))
    assert [(step.step, step.moving) for step in renamed.steps if step.moving] == [(6, 3)]
    before = await times(campaign.id)
    await update_campaign(context, campaign.id, name="D")
    assert {key: value[:5] for key, value in (await times(campaign.id)).items()} == {
        key: value[:5] for key, value in before.items()
    }
    assert {value[5] for value in (await times(campaign.id)).values()} == {"07 10:00"}
    revision = (await Campaign.get(id=campaign.id)).revision
    await update_campaign(context, campaign.id, name="D")
    assert (await Campaign.get(id=campaign.id)).revision == revision, "nothing has changed"

    # The change of a person in a paused campaign waits for the resume, and moves on from there.
    await pause_campaign(context, campaign.id)
    ada = everyone[0]
    await update_person(context, ada.id, fields={"hour": "15"})
    await jobs_done(runtime)
    assert (await times(campaign.id))[ada.id][3:5] == ["05 14:00", "06 14:00"]
    assert await Send.filter(status="SCHEDULED", held=False).count() == 0
    late = context_at(context, NOW + timedelta(days=4))
    foretold = await resume_preview(late, campaign.id)
    assert foretold == await resume_person_by_person(late, campaign.id)
    await resume_campaign(late, campaign.id)
    await jobs_done(runtime, NOW + timedelta(days=4))
    hours = {key: [each[3:] for each in value] for key, value in (await times(campaign.id)).items()}
    assert hours[ada.id][3:5] == ["14:00", "14:00"]
    assert not await Send.filter(held=True).exists()


async def test_a_change_between_the_plan_and_the_launch_is_followed(
    runtime: DispatchRuntime, context: WorkspaceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign, other = await author(context), await author(context)
    ada, bob, _ = await people(context)
    ids = [ada.id, bob.id]

    async def and_moves(*given: Any) -> Any:
        """Move Ada before her launch locks her."""
        await Person.filter(id=ada.id).update(zone="America/New_York")
        return await lock_present(*given)

    monkeypatch.setattr(launch_people, "lock_present", and_moves)
    monkeypatch.setattr(background_enrolling, "lock_present", and_moves)
    await launch(context, campaign.id, ids, Choice("NOW"), {})
    assert (await times(campaign.id))[ada.id][1] == "03 00:00", "planned when she was in Tokyo"
    assert await Enrollment.filter(revision=-2).values_list("person_id", flat=True) == [ada.id]
    await jobs_done(runtime)
    assert (await times(campaign.id))[ada.id][1] == "03 14:00"
    await Person.filter(id=ada.id).update(zone="Asia/Tokyo")
    await start_launch(context, other.id, ids, Choice("NOW"))
    await jobs_done(runtime)
    assert (await times(other.id))[ada.id][1] == "03 14:00"
    assert not await Enrollment.filter(revision=-2).exists()
    assert not await Campaign.filter(editing=True).exists()
