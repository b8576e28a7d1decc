"""Launch a campaign for a large audience: a background job enrolls people in chunks, and lists those it leaves out."""

import asyncio
from collections.abc import Sequence

from api.codes.launches import LaunchCode
from api.ids import new_id
from api.mail.text_checks import storable_text
from api.models import Campaign, Launch, Sender
from api.services.campaigns.campaign_rules import check_subjects
from api.services.campaigns.pausing.launch_control import LAUNCH_JOB, cancel
from api.services.common.context import WorkspaceContext
from api.services.common.live_steps import steps_of
from api.services.enrollments.campaign_checks import refuse_edited, refuse_paused_or_ending
from api.services.enrollments.timeline_rows import launch_choices, resolve, timeline_steps
from api.services.jobs.job_limits import refuse_further_launch
from api.services.launches.audience import delete_audience, store_audience
from api.services.launches.launch import Choice, enrollment_row, ready
from api.states import OPEN_LAUNCH_STATUSES
from api.store import jobs
from api.store import launches as audience
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import transaction
from strategies import Refusal
from strategies.records import ZoneOf
from strategies.step_checks import check_launch

MAX_IDS = 200_000
MAX_ID_CHARACTERS = 200
"""Characters of a given id that are stored. No person's id is longer."""


async def start_launch(
    context: WorkspaceContext,
    campaign_id: str,
    person_ids: Sequence[str] | None,
    choice: Choice,
    *,
    again: bool = False,
) -> Launch:
    """Check the campaign and the choice, and store the audience: these people, or everyone (None). Raises Refusal.

    The job leaves out people who cannot be enrolled, and enrolls the others. ``again`` also enrolls people for whom the
    campaign has already ended by a reply, a bounce, an unsubscribe or a removal.
    """
    campaign, steps = await ready(context, campaign_id)
    ids = None if person_ids is None else await asyncio.to_thread(_storable_ids, person_ids)
    if ids is not None and not ids:
        raise Refusal.of(LaunchCode.NO_PEOPLE, ("personIds",), case="or_everyone")
    if ids is not None and len(ids) > MAX_IDS:
        raise Refusal.of(LaunchCode.TOO_MANY_PEOPLE, ("personIds",), case="by_id", limit=MAX_IDS)
    sender = await Sender.get(id=campaign.sender_id)
    example = enrollment_row(context, campaign, steps, "", (sender.zone, ZoneOf.SENDER), choice, ())
    check_launch(timeline_steps(steps), launch_choices(example, steps), context.installed.send_options)
    resolve(context, campaign, steps, example, {}, context.now)
    async with transaction():
        await _refuse_start(context, campaign)
    launch_id = new_id("lau")
    try:
        total = await store_audience(launch_id, context.workspace_id, ids)
        async with transaction():
            await _refuse_start(context, campaign)
            started = await Launch.create(
                id=launch_id,
                workspace_id=context.workspace_id,
                campaign_id=campaign.id,
                total=total,
                launched_at=context.now,
                revision=campaign.revision,
                send_at=example.send_at,
                times=example.times,
                again=again,
            )
            await jobs.start(LAUNCH_JOB, context.workspace_id, launch_id, context.clock())
    except BaseException:
        await asyncio.shield(_forget(launch_id))
        raise
    context.wake()
    return started


async def _refuse_start(context: WorkspaceContext, campaign: Campaign) -> None:
    """Refuse a launch that cannot start now. Call in a transaction."""
    await refuse_further_launch(Launch.filter(status__in=OPEN_LAUNCH_STATUSES), context.workspace_id)
    await refuse_paused_or_ending(campaign.id, ("campaignId",))
    await refuse_edited(campaign, ("campaignId",))
    await check_subjects(await steps_of(campaign), ("campaignId",))


async def _forget(launch_id: str) -> None:
    """Delete the audience of a launch that failed, unless the launch was committed all the same."""
    if not await Launch.exists(id=launch_id):
        await delete_audience(launch_id)


def _storable_ids(given: Sequence[str]) -> list[str]:
    """Return each id once, in a form that the database can store. Ids of people do not change by this."""
    short = dict.fromkeys(each if each.isascii() and "\x00" not in each else storable_text(each) for each in given)
    return list(dict.fromkeys(each[:MAX_ID_CHARACTERS] for each in short))


async def cancel_launch(context: WorkspaceContext, launch_id: str) -> Launch:
    """Stop a launch, and leave out the remaining people. People who are already enrolled stay enrolled."""
    row = await get_or_refuse(Launch, context.workspace_id, launch_id, ("id",))
    if not await cancel(row.id, context.clock()):
        raise Refusal.of(LaunchCode.LAUNCH_NOT_RUNNING, ("id",))
    return await Launch.get(id=row.id)


async def left_out_by_code(launch_id: str) -> dict[str, int]:
    """Count the people who were left out, by reason."""
    return await audience.left_out_by_code(launch_id)
