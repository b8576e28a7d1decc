"""No email is sent by a plan whose facts have changed, and none waits for ever."""

from dataclasses import replace
from datetime import timedelta

import pytest

from api.models import Campaign, Enrollment, Job, Send
from api.services.campaigns.editing.edit_job import EDIT, EDIT_JOB
from api.services.campaigns.editing.fact_changes_job import FACT_CHANGES, apply_fact_changes
from api.services.common.request_context import WorkspaceContext
from api.services.dispatch.dispatcher import DispatchRuntime, run_once
from api.services.jobs.job_kind import Chunks, JobRuntime
from api.services.jobs.runner import JobRunner
from api.services.launches.launch import Choice, launch
from api.services.people.people import update_person
from api.services.workspaces.workspaces import create_workspace
from api.states import SendStatus
from api.store.campaigns import holds
from strategies import Refusal
from tests.services.enrollments.facts.facts_world import NOW, author, jobs_done, people, reading_runtime, times
from tests.services.jobs.runners import until_idle

TOKYO = NOW + timedelta(hours=17)
"""Nine in the morning of the next day in Tokyo."""


@pytest.fixture
async def runtime(database: str) -> DispatchRuntime:
    return reading_runtime()


@pytest.fixture
async def context(runtime: DispatchRuntime) -> WorkspaceContext:
    return runtime.context(await create_workspace("Acme", NOW))


async def second_email(person_id: str) -> tuple[SendStatus, bool]:
    send = await Send.get(person_id=person_id, step__number=2)
    return send.status, send.held


async def no_chunks(job: Job, runtime: JobRuntime) -> Chunks:
    raise Refusal("BROKEN", "It cannot be carried out.")
    yield 0


async def test_a_due_email_waits_for_the_job_of_a_changed_fact(
    runtime: DispatchRuntime, context: WorkspaceContext
) -> None:
    campaign = await author(context)
    ada, bob, cy = await people(context)
    await launch(context, campaign.id, [ada.id, bob.id, cy.id], Choice("NOW"), {})
    await run_once(runtime, NOW)
    await update_person(context, ada.id, zone="America/New_York")
    due = replace(runtime, clock=lambda: TOKYO)
    await run_once(due, TOKYO)
    assert await second_email(ada.id) == (SendStatus.SCHEDULED, True), "the job has not begun"
    assert await second_email(cy.id) == (SendStatus.SENT, False)
    # A resume that is carried out at the same time does not wait for that job, which waits for the resume.
    await Campaign.filter(id=campaign.id).update(holds="hld_1")
    assert await holds.close(campaign.id, "hld_1")
    await jobs_done(due, TOKYO)
    assert await second_email(ada.id) == (SendStatus.SCHEDULED, False)
    assert (await times(campaign.id))[ada.id][1] == "03 14:00"
    await run_once(due, TOKYO)
    assert await second_email(ada.id) == (SendStatus.SCHEDULED, False)
    evening = NOW + timedelta(days=1, hours=7)
    await run_once(replace(runtime, clock=lambda: evening), evening)
    assert await second_email(ada.id) == (SendStatus.SENT, False)


async def test_a_job_that_gives_up_holds_no_email_back_and_blocks_no_later_change(
    runtime: DispatchRuntime, context: WorkspaceContext
) -> None:
    campaign = await author(context)
    ada, bob, _ = await people(context)
    await launch(context, campaign.id, [ada.id, bob.id], Choice("NOW"), {})
    await run_once(runtime, NOW)
    await update_person(context, ada.id, zone="America/New_York")
    due = replace(runtime, clock=lambda: TOKYO)
    await run_once(due, TOKYO)
    assert await second_email(ada.id) == (SendStatus.SCHEDULED, True)
    broken = [FACT_CHANGES, replace(EDIT, work=no_chunks)]
    await until_idle(JobRunner(broken, JobRuntime(due.context, lambda: TOKYO), due.metrics))
    row = await Campaign.get(id=campaign.id)
    assert (row.editing, row.job_problem) == (False, "It cannot be carried out.")
    assert not await Enrollment.filter(revision=-2).exists()
    assert not await Job.filter(finished_at=None, kind__in=[FACT_CHANGES.name, EDIT_JOB]).exists()
    assert await second_email(ada.id) == (SendStatus.SCHEDULED, False)
    await run_once(due, TOKYO)
    assert await second_email(ada.id) == (SendStatus.SENT, False), "the person keeps the emails as they are"
    await update_person(context, bob.id, zone="America/New_York")
    await jobs_done(due, TOKYO)
    assert (await times(campaign.id))[bob.id][1] == "03 14:00"
    assert (await Campaign.get(id=campaign.id)).job_problem is None
    # The mutation that moves a sandbox's clock does not leave it to the job.
    await update_person(context, bob.id, zone="Asia/Tokyo")
    await apply_fact_changes(due.context(context.workspace))
    assert (await times(campaign.id))[bob.id][1] != "03 14:00"
    assert not await Enrollment.filter(revision=-2).exists()
    assert not (await Campaign.get(id=campaign.id)).editing


async def test_a_change_waits_for_a_resume_of_several_slices(
    runtime: DispatchRuntime, context: WorkspaceContext
) -> None:
    campaign = await author(context)
    ada, *_ = await people(context)
    await launch(context, campaign.id, [ada.id], Choice("NOW"), {})
    await Campaign.filter(id=campaign.id).update(holds="hld_1")
    await update_person(context, ada.id, zone="America/New_York")
    now = [NOW]
    runner = JobRunner([FACT_CHANGES], JobRuntime(runtime.context, lambda: now[0]), runtime.metrics)
    for _ in range(3):
        assert await runner.run_next()
        now[0] += timedelta(seconds=3)
    assert await holds.close(campaign.id, "hld_1")
    await jobs_done(runtime, now[0])
    assert (await times(campaign.id))[ada.id][1] == "03 14:00"
