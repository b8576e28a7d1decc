"""End a campaign for one person, or for everyone in it.

Ending it for everyone is one short transaction, after which no transmission of the campaign starts, and a job that
ends the campaign person by person. The caller carries out the first chunks, a tick loop the others.
"""

import logging

from api.codes.events.event_kinds import EventKind
from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.refusals.emails import EmailCode
from api.models import Campaign, Enrollment, Launch, Send
from api.services.campaigns.editing.edit_job import EDIT_JOB
from api.services.campaigns.ending.end_job import END_JOB, end_chunks
from api.services.campaigns.pausing.launch_control import cancel
from api.services.campaigns.pausing.pause_job import HOLD_JOB
from api.services.common.job_chunks.bisection import is_database_fault
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.enrollment_ending import end
from api.services.jobs.caller_chunks import CHUNKS_OF_A_CALLER, carry_out
from api.states import OPEN_LAUNCH_STATUSES, EnrollmentStatus
from api.store import jobs
from api.store.campaigns import endings
from api.store.campaigns.campaign_state import lock_campaign
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.enrollments.enrollments import succeed_finished
from api.store.events.events import enrollment_event, write
from api.store.replies import answered_emails
from strategies import Refusal

log = logging.getLogger("touchline.ending")

SUCCESS = ReasonCode.SUCCEEDED.message()
PEOPLE_OF_A_CALLER = 1_000
"""People whose campaign a request ends. A tick loop ends it for the others."""


@retry_on_deadlock
async def end_enrollment(
    context: WorkspaceContext, enrollment_id: str, *, success: bool = False, email_id: str | None = None
) -> Enrollment:
    """Remove one person from a campaign. With ``success``, it ends as a success, even if they have finished it.

    Reports count the success for the email ``email_id``.
    """
    enrollment = await get_or_refuse(Enrollment, context.workspace_id, enrollment_id, ("id",))
    async with transaction():
        if not success:
            await end(enrollment, context.now, why=ReasonCode.REMOVED.message())
        else:
            await end(enrollment, context.now, why=SUCCESS, status=EnrollmentStatus.SUCCEEDED)
            if await succeed_finished(enrollment.id):
                enrollment.status = EnrollmentStatus.SUCCEEDED
                data = {"reason": SUCCESS.code, "success": True}
                await write([enrollment_event(enrollment, EventKind.CAMPAIGN_ENDED, context.now, data=data)])
            if email_id is not None:
                await answered_emails.mark_succeeded([email_id], context.now)
    return enrollment


async def succeed_by_email(context: WorkspaceContext, email_id: str) -> Enrollment:
    """End the campaign of an email as a success for its person."""
    send = await get_or_refuse(Send, context.workspace_id, email_id, ("id",))
    if send.enrollment_id is None:
        raise Refusal.of(EmailCode.OUTSIDE_CAMPAIGNS, ("id",))
    return await end_enrollment(context, send.enrollment_id, success=True, email_id=send.id)


async def end_campaign(context: WorkspaceContext, campaign_id: str) -> int:
    """End a campaign for everyone in it. Returns the number of people for whom it was active.

    If an earlier ending is still being applied, it continues that one and returns 0.
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
        # An edit, a pause or a resume is not needed any more.
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
        log.exception("cannot end the campaign %s at once; a background job ends it", campaign_id)
        if job is not None:
            await jobs.put_back(job, 0)
    context.wake()
