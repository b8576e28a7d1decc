"""Pause and resume a campaign.

One short transaction writes the pause or resume. After a pause commits, no transmission starts. A job puts the emails
on hold, or releases them, in chunks: the caller carries out the first chunks, a tick loop the others. A resume is
accepted before the pause is applied to everyone: the job then does both, one after the other.
"""

from api.codes.events.event_kinds import EventKind
from api.codes.refusals.campaigns import CampaignCode
from api.models import Campaign
from api.services.campaigns.pausing.launch_control import pause_launches, resume_launches
from api.services.campaigns.pausing.pause_job import HOLD_JOB, hold_chunks, new_holds
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.campaign_checks import refuse_archived
from api.services.jobs.caller_chunks import CHUNKS_OF_A_CALLER, carry_out
from api.store import jobs
from api.store.campaigns import holds
from api.store.campaigns.campaign_state import lock_campaign, lock_campaign_state
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import campaign_event, write
from strategies import Refusal


async def pause_campaign(context: WorkspaceContext, campaign_id: str) -> Campaign:
    """Start no further transmission of this campaign. Transmissions that have started continue to their end."""
    row = await get_or_refuse(Campaign, context.workspace_id, campaign_id, ("id",))
    await _pause(context, row)
    return await _carry_out_quick_part(context, row.id)


@retry_on_deadlock
async def _pause(context: WorkspaceContext, row: Campaign) -> None:
    async with transaction():
        await lock_campaign(row.id)
        state = await lock_campaign_state(row.id)
        refuse_archived(state, ("id",))
        if state.is_paused:
            raise Refusal.of(CampaignCode.CAMPAIGN_PAUSED, ("id",), case="already")
        # A requested resume has ended the previous pause, even if it is not carried out: tasks expire later by that
        # pause too.
        await Campaign.filter(id=row.id).update(
            paused_at=context.now,
            last_paused_at=context.now,
            resume_requested_at=None,
            paused_seconds=state.all_paused_seconds,
            holds=new_holds(),
            job_problem=None,
        )
        await pause_launches(context, row.id)
        await _start_job(context, row)
        await write([campaign_event(context.workspace_id, row.id, EventKind.CAMPAIGN_PAUSED, context.now)])


async def resume_campaign(context: WorkspaceContext, campaign_id: str) -> Campaign:
    """Resume a campaign. Each person with an overdue email gets all unsent emails later, by whole (working) days."""
    row = await get_or_refuse(Campaign, context.workspace_id, campaign_id, ("id",))
    await _resume(context, row)
    return await _carry_out_quick_part(context, row.id)


@retry_on_deadlock
async def _resume(context: WorkspaceContext, row: Campaign) -> None:
    """Resume the campaign, or let its job do it after the rest of the pause and of the last edit.

    Every email must be on hold before any is released, and everyone must be recalculated by the last edit.
    """
    async with transaction():
        await lock_campaign(row.id)
        state = await lock_campaign_state(row.id)
        refuse_archived(state, ("id",))
        if not state.is_paused:
            raise Refusal.of(CampaignCode.CAMPAIGN_NOT_PAUSED, ("id",))
        requested = {"resume_requested_at": context.now, "holds": new_holds(), "job_problem": None}
        await Campaign.filter(id=row.id).update(**requested)
        if state.holds is None and not state.editing:
            await holds.resume(row.id, await lock_campaign_state(row.id), new_holds())
        await resume_launches(context, row)
        await _start_job(context, row)
        await write([campaign_event(context.workspace_id, row.id, EventKind.CAMPAIGN_RESUMED, context.now)])


async def _start_job(context: WorkspaceContext, row: Campaign) -> None:
    now = context.clock()
    await jobs.start(HOLD_JOB, context.workspace_id, row.id, now, lease_until=now + jobs.LEASE)


async def _carry_out_quick_part(context: WorkspaceContext, campaign_id: str) -> Campaign:
    """Carry out the first chunks. A tick loop does the rest."""
    row = await Campaign.get(id=campaign_id)
    job = await jobs.open_job(HOLD_JOB, campaign_id)
    await carry_out(job, hold_chunks(context, row), context.clock, CHUNKS_OF_A_CALLER)
    context.wake()
    return await Campaign.get(id=campaign_id)
