"""People whose send option fails when they are calculated again: they wait, and get their times when it works."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from api.models import Campaign, Enrollment, Event, Job, Send, Step
from api.services.campaigns import edit_drafts
from api.services.campaigns.campaigns import change_step
from api.services.campaigns.editing.edit_preview import edit_preview
from api.services.campaigns.editing.waiting_job import ask_again
from api.services.campaigns.ending.ending import end_campaign
from api.services.campaigns.pausing.pausing import pause_campaign, resume_campaign
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.dispatcher import DispatchRuntime, run_once
from api.services.emails.scheduled_emails import reschedule_email
from api.services.launches.launch import Choice, launch
from api.services.people.people import update_person
from api.services.workspaces.workspaces import create_workspace
from api.store.enrollments import waiting_people
from strategies import SendAt, StepContext
from tests.services.enrollments.facts.facts_world import (
    NOW,
    Spread,
    author,
    context_at,
    jobs_done,
    people,
    reading_runtime,
    runner_at,
    times,
)

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


class Failing:
    """Makes the option ``spread`` of step 3 fail, for everyone or for some, until it is switched off."""

    def __init__(self) -> None:
        self.on = False
        self.people: set[str] | None = None
        self.calls = 0

    def __call__(self, step: StepContext) -> SendAt:
        self.calls += 1
        if self.on and (self.people is None or step.person.id in self.people):
            raise ValueError("a partner's bug")
        return SendAt(step.date, time(12 if step.config.get("late") is None else 15))


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    fails = Failing()

    def resolve(option: Spread, step: StepContext) -> SendAt:
        return fails(step)

    monkeypatch.setattr(Spread, "resolve", resolve)
    return fails


@pytest.fixture
async def runtime(database: str, failing: Failing) -> DispatchRuntime:
    return reading_runtime()


@pytest.fixture
async def context(runtime: DispatchRuntime) -> WorkspaceContext:
    return runtime.context(await create_workspace("Acme", NOW))


async def launched(context: WorkspaceContext, runtime: DispatchRuntime) -> tuple[Campaign, list[Any]]:
    """Three people who have got their first email. Steps 2 to 5 are on the days 2 to 5; step 3 is of ``spread``."""
    campaign, everyone = await author(context), await people(context)
    await launch(context, campaign.id, [person.id for person in everyone], Choice("NOW"), {})
    await run_once(runtime, NOW)
    return campaign, everyone


async def number(campaign: Campaign, at: int) -> Step:
    return await Step.get(campaign_id=campaign.id, number=at)


async def move(context: WorkspaceContext, campaign: Campaign, at: int, day: int) -> None:
    await change_step(context, (await number(campaign, at)).id, day=day)


async def waits() -> list[Any]:
    return sorted(await Enrollment.filter(waits_from__isnull=False).values_list("waits_from", "waits_for"))


def at(runtime: DispatchRuntime, now: datetime) -> DispatchRuntime:
    return replace(runtime, clock=lambda: now)


async def test_an_edit_that_an_option_prevents_is_applied_when_it_works_again(
    context: WorkspaceContext, runtime: DispatchRuntime, failing: Failing
) -> None:
    campaign, (ada, *_) = await launched(context, runtime)
    before = await times(campaign.id)
    failing.on = True
    await move(context, campaign, 5, 6)
    assert await waits() == [(3, "SEND_OPTION_FAILED")] * 3
    assert await times(campaign.id) == before, "the steps before do not move, and those after wait"
    assert not (await Campaign.get()).editing
    assert await Event.filter(kind="STEPS_NOT_PLANNED").count() == 3
    assert await waiting_people.count([campaign.id]) == {campaign.id: [(3, "SEND_OPTION_FAILED", 3)]}

    # Step 2 goes out. Steps 3 and 4 are due, and wait.
    for _ in range(2):
        await run_once(at(runtime, NOW + 3 * DAY), NOW + 3 * DAY)
    found = await Send.filter(person_id=ada.id).order_by("step__number").values_list("status", "held")
    assert found == [("SENT", False)] * 2 + [("SCHEDULED", True)] * 2 + [("SCHEDULED", False)]

    # The option still fails: nothing is told twice, and the job waits.
    calls = failing.calls
    await jobs_done(runtime, NOW + 3 * DAY)
    assert await Event.filter(kind="STEPS_NOT_PLANNED").count() == 3
    job = await Job.get(kind="waiting_people")
    assert (job.finished_at, job.lease_until, job.failures) == (None, NOW + 3 * DAY + MINUTE, 0)
    assert failing.calls - calls == 1, "it asks for one person"

    failing.on = False
    await jobs_done(runtime, NOW + 3 * DAY + 2 * MINUTE)
    assert await waits() == []
    assert (await Job.get(kind="waiting_people")).state == "DONE"
    assert await Send.filter(held=True).count() == 0
    assert (await times(campaign.id))[ada.id][4] == before[ada.id][4].replace("06 ", "07 ")
    assert await Event.filter(kind="EMAIL_MOVED").count() == 3
    await run_once(at(runtime, NOW + 3 * DAY + MINUTE), NOW + 3 * DAY + MINUTE)
    assert await Send.filter(step__number=3, status="SENT").count() == 3


async def test_only_the_people_for_whom_it_fails_wait(
    context: WorkspaceContext, runtime: DispatchRuntime, failing: Failing
) -> None:
    campaign, (ada, bob, _) = await launched(context, runtime)
    before = await times(campaign.id)
    failing.on, failing.people = True, {ada.id}
    preview = await edit_preview(context, await edit_drafts.settings(context, campaign.id, skip_weekends=True))
    assert preview.unresolved_people == 1
    await move(context, campaign, 2, 3)
    after = await times(campaign.id)
    assert after[ada.id] == [before[ada.id][0], "04 00:00", *before[ada.id][2:]], "step 2 is before the option's"
    assert after[bob.id][1] == "04 08:00"
    assert await waits() == [(3, "SEND_OPTION_FAILED")]

    # A rep asks by hand: it still fails, then it works.
    await ask_again(context, campaign.id)
    assert await waits() == [(3, "SEND_OPTION_FAILED")]
    failing.on = False
    await ask_again(context, campaign.id)
    assert await waits() == []


async def test_one_person_for_whom_it_always_fails_does_not_keep_the_others_waiting(
    context: WorkspaceContext, runtime: DispatchRuntime, failing: Failing
) -> None:
    campaign, everyone = await launched(context, runtime)
    failing.on = True
    await move(context, campaign, 5, 6)
    first = min(person.id for person in everyone)
    failing.people = {first}
    now, runner = NOW, runner_at(runtime, lambda: now)
    calls = failing.calls
    for minutes in (0, 1, 9, 10, 11, 19, 20, 39):
        now = NOW + minutes * MINUTE
        while await runner.run_next():
            pass
        waiting = await Enrollment.filter(waits_from__isnull=False).values_list("person_id", flat=True)
        assert (minutes, waiting) == (minutes, [first]) or minutes < 10
    assert failing.calls - calls <= 8
    await runner.close()


async def test_a_changed_fact_waits_for_the_option_too(
    context: WorkspaceContext, runtime: DispatchRuntime, failing: Failing
) -> None:
    campaign, (ada, *_) = await launched(context, runtime)
    failing.on = True
    await update_person(context, ada.id, zone="America/New_York", fields={"hour": "11"})
    await jobs_done(runtime)
    assert (await times(campaign.id))[ada.id][1:4] == ["03 14:00", "04 11:00", "05 07:00"], "step 4 waits"
    assert await waits() == [(3, "SEND_OPTION_FAILED")]
    failing.on = False
    await jobs_done(runtime, NOW + MINUTE)
    assert (await times(campaign.id))[ada.id][1:4] == ["03 14:00", "04 11:00", "05 10:00"]
    assert await waits() == []


async def test_a_later_edit_a_pause_and_a_resume_keep_people_waiting(
    context: WorkspaceContext, runtime: DispatchRuntime, failing: Failing
) -> None:
    campaign, (ada, *_) = await launched(context, runtime)
    failing.on = True
    await move(context, campaign, 5, 6)
    await move(context, campaign, 5, 7)
    assert await waits() == [(3, "SEND_OPTION_FAILED")] * 3
    await pause_campaign(context, campaign.id)
    late = at(runtime, NOW + 4 * DAY)
    await jobs_done(late, NOW + 4 * DAY)
    await resume_campaign(context_at(context, NOW + 4 * DAY), campaign.id)
    await jobs_done(late, NOW + 4 * DAY)
    assert (await Campaign.get()).holds is None, "the resume does not wait for the option"
    for _ in range(3):
        await run_once(at(runtime, NOW + 8 * DAY), NOW + 8 * DAY)
    sent = await Send.filter(person_id=ada.id, status="SENT").values_list("step__number", flat=True)
    assert sorted(sent) == [1, 2], "no email from step 3 on by the old plan"
    failing.on = False
    await jobs_done(at(runtime, NOW + 8 * DAY), NOW + 8 * DAY + 2 * MINUTE)
    for _ in range(3):
        await run_once(at(runtime, NOW + 30 * DAY), NOW + 30 * DAY)
    assert await Send.filter(status="SENT").count() == 15
    assert await Enrollment.filter(status="FINISHED").count() == 3


async def test_an_edit_to_another_option_ends_the_wait_and_ended_people_do_not_wait(
    context: WorkspaceContext, runtime: DispatchRuntime, failing: Failing
) -> None:
    campaign, _ = await launched(context, runtime)
    failing.on = True
    await move(context, campaign, 5, 6)
    await change_step(context, (await number(campaign, 3)).id, send_option="at_time", config={"at": "10:00"})
    assert await waits() == []
    await change_step(context, (await number(campaign, 3)).id, send_option="spread", config={})
    assert len(await waits()) == 3
    await end_campaign(context, campaign.id)
    await jobs_done(runtime)
    assert await waiting_people.count([campaign.id]) == {campaign.id: []}
    await jobs_done(runtime, NOW + 2 * MINUTE)
    assert await Job.filter(kind="waiting_people", finished_at=None).count() == 0


async def test_a_time_that_a_rep_chose_does_not_wait(
    context: WorkspaceContext, runtime: DispatchRuntime, failing: Failing
) -> None:
    campaign, (ada, *_) = await launched(context, runtime)
    failing.on = True
    await move(context, campaign, 5, 6)
    send = await Send.get(person_id=ada.id, step__number=3)
    await reschedule_email(context, send.id, NOW + DAY)
    await run_once(at(runtime, NOW + DAY), NOW + DAY)
    assert (await Send.get(id=send.id)).status == "SENT"
