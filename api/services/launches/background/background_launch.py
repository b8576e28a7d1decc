"""Launch a campaign for a large audience: a background job enrolls people in chunks, and lists those it leaves out."""

import asyncio
from collections.abc import Mapping, Sequence

from api.codes.refusals.launches import LaunchCode
from api.ids import new_id
from api.models import Campaign, Launch
from api.services.campaigns.pausing.launch_control import LAUNCH_JOB, cancel
from api.services.campaigns.step_content import check_subjects
from api.services.common.inputs.request_keys import RequestKey, remember
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.campaign_checks import refuse_edited, refuse_paused_or_ending
from api.services.jobs.job_limits import refuse_further_launch
from api.services.launches.background.audience import delete_audience, store_audience
from api.services.launches.background.chosen_people import Audience
from api.services.launches.background.start_checks import NO_CHOICES, check_start
from api.services.launches.launch_plan import NO_TEXTS
from api.services.launches.launch_planner import Choice
from api.services.templates.template_inputs import WrittenText
from api.states import OPEN_LAUNCH_STATUSES
from api.store import jobs
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import transaction
from api.store.launches import launches as audience
from api.store.launches.first_emails import store_first_emails
from api.store.launches.launch_choices import store_choices
from strategies import Refusal


async def start_launch(
    context: WorkspaceContext,
    campaign_id: str,
    people: Audience | Sequence[str] | None,
    choice: Choice,
    *,
    again: bool = False,
    mistakes: Sequence[Refusal] = (),
    key: RequestKey | None = None,
    texts: Mapping[str, WrittenText] = NO_TEXTS,
    per_person: Mapping[str, Choice] = NO_CHOICES,
) -> Launch:
    """Check the campaign and the choice, and store the audience: these people, or everyone (None). Raises Refusal.

    The people of a group or a filter are those that it has now.

    The job leaves out people who cannot be enrolled, and enrolls the others. ``again`` also enrolls people for whom the
    campaign has already ended by a reply, a bounce, an unsubscribe or a removal. ``mistakes`` are refusals that the
    caller has found in the input: they are raised with all others. ``texts`` are the first emails
    that a rep has written, by person, and ``per_person`` are the choices that replace ``choice`` for single people.
    """
    start = await check_start(context, campaign_id, people, choice, mistakes, texts, per_person)
    start.refusals.raise_any()
    assert start.campaign is not None  # noqa: S101 - without one or an example, it was refused
    assert start.example is not None  # noqa: S101
    campaign, enrollment = start.campaign, start.example.enrollment
    async with transaction():
        await _refuse_start(context, campaign)
    launch_id = new_id("lau")
    try:
        total = await store_audience(launch_id, context.workspace_id, start.ids)
        async with transaction():
            await remember(context, key, [launch_id])
            await _refuse_start(context, campaign)
            started = await Launch.create(
                id=launch_id,
                workspace_id=context.workspace_id,
                campaign_id=campaign.id,
                sender_id=enrollment.sender_id,
                total=total,
                launched_at=context.now,
                revision=campaign.revision,
                send_at=enrollment.send_at,
                times=enrollment.times,
                again=again,
                first_emails=len(start.texts),
            )
            await store_first_emails(launch_id, start.texts)
            await store_choices(launch_id, start.choices)
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
    """Delete the audience of a launch that failed, unless the launch was committed nevertheless."""
    if not await Launch.exists(id=launch_id):
        await delete_audience(launch_id)


async def cancel_launch(context: WorkspaceContext, launch_id: str) -> Launch:
    """Stop a launch, and leave out the remaining people. People who are already enrolled stay enrolled."""
    row = await get_or_refuse(Launch, context.workspace_id, launch_id, ("id",))
    if not await cancel(row.id, context.clock()):
        raise Refusal.of(LaunchCode.LAUNCH_NOT_RUNNING, ("id",))
    return await Launch.get(id=row.id)


async def left_out_by_code(launch_id: str) -> dict[str, int]:
    """Count the people who were left out, by reason."""
    return await audience.left_out_by_code(launch_id)
