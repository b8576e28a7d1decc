"""End a campaign for one person, or for everyone in it.

Ending it for everyone is one short transaction, after which no transmission of the campaign starts, and a job that
ends the campaign person by person. The caller carries out the first chunks, a tick loop the others.
"""

import logging

from api.codes.outcome_reasons import ReasonCode
from api.models import Campaign, Enrollment, Launch
from api.services.campaigns.editing.edit_job import EDIT_JOB
from api.services.campaigns.ending.end_job import END_JOB, end_chunks
from api.services.campaigns.pausing.hold_job import HOLD_JOB
from api.services.campaigns.pausing.launch_control import cancel
from api.services.common.bisection import is_database_fault
from api.services.common.context import WorkspaceContext
from api.services.enrollments.enrollment_ending import end
from api.services.jobs.caller_chunks import CHUNKS_OF_A_CALLER, carry_out
from api.states import OPEN_LAUNCH_STATUSES
from api.store import endings, jobs
from api.store.campaign_state import lock_campaign
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction

log = logging.getLogger("touchline.ending")

PEOPLE_OF_A_CALLER = 1_000
"""People whose campaign a request ends. A tick loop ends it for the others."""


@retry_on_deadlock
async def end_enrollment(context: WorkspaceContext, enrollment_id: str) -> Enrollment:
    """Remove one person from a campaign."""
    enrollment = await get_or_refuse(Enrollment, context.workspace_id, enrollment_id, ("id",))
    async with transaction():
        await end(enrollment, context.now, why=ReasonCode.REMOVED.message())
    return enrollment


async def end_campaign(context: WorkspaceContext, campaign_id: str) -> int:
    """End a campaign for everyone in it. Returns the number of people for whom it was active.

    While an earlier call is still being carried out, a call returns 0, and continues that one.
    """
    row = await get_or_refuse(Campaign, context.workspace_id, campaign_id, ("id",))
    people = await _decide(context, row)
    await _carry_out_quick_part(context, row.id)
    return people


@retry_on_deadlock
async def _decide(context: WorkspaceContext, row: Campaign) -> int:
    """Record the decision. Until the job has ended, nothing of the campaign is sent, and nobody is launched."""
    now = context.clock()
    async with transaction():
        await lock_campaign(row.id)
        people = await endings.begin(row.id, context.now)
        # The edit, the pause or the resume no longer concerns anybody.
        await jobs.cancel(EDIT_JOB, [row.id], now)
        await jobs.cancel(HOLD_JOB, [row.id], now)
        for launch in await Launch.filter(campaign_id=row.id, status__in=OPEN_LAUNCH_STATUSES).order_by("id"):
            await cancel(launch.id, now)
        await jobs.start(END_JOB, context.workspace_id, row.id, now, lease_until=now + jobs.LEASE)
    return people or 0


async def _carry_out_quick_part(context: WorkspaceContext, campaign_id: str) -> None:
    """Carry out the first chunks. A tick loop does the rest."""
    row = await Campaign.get(id=campaign_id)
    job = await jobs.open_job(END_JOB, campaign_id)
    try:
        await carry_out(job, end_chunks(context, row), context.clock, CHUNKS_OF_A_CALLER, PEOPLE_OF_A_CALLER)
    except Exception as problem:
        if is_database_fault(problem):
            raise
        log.exception("the campaign %s could not be ended at once; a job ends it", campaign_id)
        if job is not None:
            await jobs.put_back(job, 0)
    context.wake()
