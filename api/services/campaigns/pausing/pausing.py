"""Pause and resume a campaign.

One short transaction writes the pause or resume. After a pause commits, no transmission starts. A job puts the emails
on hold, or releases them, in chunks: the caller carries out the first chunks, a tick loop the others.
"""

from api.codes.campaigns import CampaignCode
from api.codes.event_kinds import EventKind
from api.codes.inputs import InputCode
from api.ids import new_id
from api.models import Campaign
from api.services.campaigns.editing.edit_job import EDIT_JOB, edit_chunks
from api.services.campaigns.pausing.hold_job import HOLD_JOB, hold_chunks
from api.services.campaigns.pausing.launch_control import pause_launches, resume_launches
from api.services.common.context import WorkspaceContext
from api.services.jobs.caller_chunks import CHUNKS_OF_A_CALLER, carry_out, finish_earlier
from api.store import jobs
from api.store.campaign_state import lock_campaign, lock_campaign_state
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events import campaign_event, write
from api.store.tasks import extend_expiry
from strategies import Refusal


async def pause_campaign(context: WorkspaceContext, campaign_id: str) -> Campaign:
    """Start no further transmission of this campaign. Transmissions that have started continue to their end."""
    row = await get_or_refuse(Campaign, context.workspace_id, campaign_id, ("id",))
    await _pause(context, row)
    return await _carry_out_quick_part(context, row.id)


@retry_on_deadlock
async def _pause(context: WorkspaceContext, row: Campaign) -> None:
    async with transaction():
        paused = {"paused_at": context.now, "last_paused_at": context.now}
        if not await Campaign.filter(id=row.id, paused_at=None).update(**paused, **_new_holds()):
            raise Refusal.of(CampaignCode.CAMPAIGN_PAUSED, ("id",), case="already")
        await pause_launches(context, row.id)
        await _start_job(context, row)
        await write([campaign_event(context.workspace_id, row.id, EventKind.CAMPAIGN_PAUSED, context.now)])


async def resume_campaign(context: WorkspaceContext, campaign_id: str) -> Campaign:
    """Resume a campaign. Each person with an overdue email gets all unsent emails later, by whole (working) days."""
    row = await get_or_refuse(Campaign, context.workspace_id, campaign_id, ("id",))
    if row.paused_at is not None:
        # Put every email on hold before any is released, and recalculate everyone by the last edit.
        holds, edits = hold_chunks(context, row), edit_chunks(context, row)
        if not (
            await finish_earlier(HOLD_JOB, row.id, holds, context.clock)
            and await finish_earlier(EDIT_JOB, row.id, edits, context.clock)
        ):
            raise Refusal.of(CampaignCode.CAMPAIGN_BUSY, ("id",))
    await _resume(context, row)
    return await _carry_out_quick_part(context, row.id)


@retry_on_deadlock
async def _resume(context: WorkspaceContext, row: Campaign) -> None:
    async with transaction():
        await lock_campaign(row.id)
        paused_at = (await lock_campaign_state(row.id)).paused_at
        resumed = Campaign.filter(id=row.id, holds=None, editing=False).exclude(paused_at=None)
        if not await resumed.update(paused_at=None, resumed_at=context.now, **_new_holds()):
            if paused_at is not None:
                raise Refusal.of(InputCode.CHANGED_MEANWHILE, ("id",), case="paused")
            raise Refusal.of(CampaignCode.CAMPAIGN_NOT_PAUSED, ("id",))
        assert paused_at is not None  # noqa: S101 - the update found it paused
        await extend_expiry(row.id, paused_at, context.now)
        await resume_launches(context, row)
        await _start_job(context, row)
        await write([campaign_event(context.workspace_id, row.id, EventKind.CAMPAIGN_RESUMED, context.now)])


def _new_holds() -> dict[str, object]:
    """Give this pause or resume an id, so that the job of an earlier one stops."""
    return {"holds": new_id("hld"), "job_problem": None}


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
