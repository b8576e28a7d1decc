"""Pause, resume and cancel background launches, alone or together with their campaign."""

from datetime import datetime
from itertools import count

from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.refusals.launches import LaunchCode
from api.models import Campaign, Launch, Sender
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.campaign_checks import refuse_paused_or_ending
from api.states import OPEN_LAUNCH_STATUSES, LaunchStatus
from api.store import jobs
from api.store.campaigns.campaign_state import lock_campaign_state
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.launches import launches as audience
from strategies import Calendar, Refusal

LAUNCH_JOB = "launch"


@retry_on_deadlock
async def pause_launch(context: WorkspaceContext, launch_id: str) -> Launch:
    """Pause a launch. If its campaign has paused it already, resuming the campaign no longer resumes it."""
    row = await get_or_refuse(Launch, context.workspace_id, launch_id, ("id",))
    # A chunk holds this row until it commits, and checks the status before it enrolls anyone.
    paused = {"status": LaunchStatus.PAUSED, "paused_with_campaign": False}
    async with transaction():
        if not (
            await Launch.filter(id=row.id, status=LaunchStatus.RUNNING).update(**paused)
            or await Launch.filter(id=row.id, status=LaunchStatus.PAUSED, paused_with_campaign=True).update(**paused)
        ):
            raise Refusal.of(LaunchCode.LAUNCH_NOT_RUNNING, ("id",), case="paused")
        await jobs.cancel(LAUNCH_JOB, [row.id], context.clock())
    return await Launch.get(id=row.id)


@retry_on_deadlock
async def resume_launch(context: WorkspaceContext, launch_id: str) -> Launch:
    """Resume a launch: enroll the remaining people as if launched now."""
    row = await get_or_refuse(Launch, context.workspace_id, launch_id, ("id",))
    async with transaction():
        await refuse_paused_or_ending(row.campaign_id, ("id",))
        if not await _resume(context, await Launch.get(id=row.id), await Campaign.get(id=row.campaign_id)):
            raise Refusal.of(LaunchCode.LAUNCH_NOT_PAUSED, ("id",))
    context.wake()
    return await Launch.get(id=row.id)


async def pause_launches(context: WorkspaceContext, campaign_id: str) -> None:
    """Pause the running launches of a campaign. Call in the transaction that pauses the campaign."""
    running = Launch.filter(campaign_id=campaign_id, status=LaunchStatus.RUNNING)
    ids = await running.order_by("id").values_list("id", flat=True)
    await running.update(status=LaunchStatus.PAUSED, paused_with_campaign=True)
    await jobs.cancel(LAUNCH_JOB, [str(each) for each in ids], context.clock())


async def resume_launches(context: WorkspaceContext, campaign: Campaign) -> None:
    """Resume the launches that were paused with their campaign. Call in the transaction that resumes the campaign."""
    for row in await Launch.filter(campaign_id=campaign.id, status=LaunchStatus.PAUSED, paused_with_campaign=True):
        await _resume(context, row, campaign)


async def _resume(context: WorkspaceContext, row: Launch, campaign: Campaign) -> bool:
    sender = await Sender.get(id=row.sender_id or campaign.sender_id)
    resumed = await Launch.filter(id=row.id, status=LaunchStatus.PAUSED).update(
        status=LaunchStatus.RUNNING,
        paused_with_campaign=False,
        resumed_at=context.now,
        revision=(await lock_campaign_state(campaign.id)).revision,
        send_at=_send_at(row, Calendar(sender.zone, campaign.skip_weekends), context.now),
    )
    if resumed:
        await jobs.start(LAUNCH_JOB, row.workspace_id, row.id, context.clock())
    return bool(resumed)


def _send_at(row: Launch, calendar: Calendar, now: datetime) -> datetime | None:
    """Return the send-at of the remaining people: "now" stays now, and a past send-at moves by whole days."""
    if row.send_at is None or row.send_at >= now:
        return row.send_at
    if row.send_at <= (row.resumed_at or row.launched_at):
        return now
    day, wall, _ = calendar.start(row.send_at)
    return next(moved for days in count() if (moved := calendar.instant(calendar.forward(day, days), wall)) >= now)


@retry_on_deadlock
async def cancel(launch_id: str, real_now: datetime) -> bool:
    """Cancel a launch, and leave out everyone who is not processed. Returns False if it has already ended."""
    async with transaction():
        # A running chunk holds this row until it commits.
        going_on = Launch.filter(id=launch_id, status__in=OPEN_LAUNCH_STATUSES)
        if not await going_on.update(status=LaunchStatus.CANCELLED):
            return False
        row = await Launch.get(id=launch_id)
        rest = await audience.leave_out_the_rest(row.id, row.workspace_id, reason=ReasonCode.LAUNCH_CANCELLED)
        await Launch.filter(id=row.id).update(left_out=row.left_out + rest)
        await jobs.cancel(LAUNCH_JOB, [row.id], real_now)
    return True
