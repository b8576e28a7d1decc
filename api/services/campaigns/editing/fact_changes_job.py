"""The background job after changes of people: it starts the job of an edit, which recalculates the marked people.

A send option of their campaigns reads the changed fact, such as a person's time zone.
``store/enrollments/fact_changes.py`` finds the people.
"""

from datetime import timedelta

from api.models import Campaign, Job
from api.services.campaigns.editing.edit_job import EDIT_JOB, edit_chunks
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.facts.fact_changes import FACT_CHANGES_JOB
from api.services.jobs.caller_chunks import finish_earlier
from api.services.jobs.job_kind import Chunks, JobKind, JobPriority, JobRuntime
from api.store import jobs
from api.store.campaigns.campaign_state import lock_campaign
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.enrollments.fact_changes import begin_recalculating, campaigns_to_recalculate, workspaces_to_recalculate

RETRY_AFTER = timedelta(seconds=2)
"""Wait before the next attempt if a campaign is being resumed."""


@retry_on_deadlock
async def begin(context: WorkspaceContext, campaign_id: str) -> bool:
    """Start the job that recalculates the marked people of a campaign. Returns False if a resume must end first."""
    async with transaction():
        await lock_campaign(campaign_id)
        begun = await begin_recalculating(campaign_id)
        if begun:
            await jobs.start(EDIT_JOB, context.workspace_id, campaign_id, context.clock())
    return begun


async def begin_all(context: WorkspaceContext) -> None:
    """Start these jobs for all campaigns of a workspace."""
    for campaign_id in await campaigns_to_recalculate(context.workspace_id):
        await begin(context, campaign_id)


async def apply_fact_changes(context: WorkspaceContext) -> None:
    """Recalculate the marked people of a workspace at once, if that is quick. A tick loop does the rest."""
    await begin_all(context)
    for row in await Campaign.filter(workspace_id=context.workspace_id, editing=True).order_by("id"):
        await finish_earlier(EDIT_JOB, row.id, edit_chunks(context, row), context.clock)


async def _work(job: Job, runtime: JobRuntime) -> Chunks:
    context = await runtime.context(job)

    async def has_work() -> bool:
        return bool(await campaigns_to_recalculate(context.workspace_id))

    while True:
        for campaign_id in await campaigns_to_recalculate(context.workspace_id):
            yield int(await begin(context, campaign_id))
        if await jobs.finish_when_done(job, runtime.clock(), has_work):
            return
        yield RETRY_AFTER


async def _start_if_needed(runtime: JobRuntime) -> None:
    """Start the job for each workspace that still has marked people, such as after a backup was restored."""
    for workspace_id in await workspaces_to_recalculate():
        async with transaction():
            await jobs.keep_open(FACT_CHANGES_JOB, workspace_id, workspace_id, runtime.clock())


FACT_CHANGES = JobKind(FACT_CHANGES_JOB, JobPriority.URGENT, _work, None, start_if_needed=_start_if_needed)
