"""Plan one unsent email again, because all times that its send option allows are over."""

from datetime import datetime

from api.models import Campaign, Enrollment, Send, Task
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.facts.option_facts import NO_OWN_FACTS, FactSource
from api.services.enrollments.timelines.timeline_rows import resolve, scheduled_steps, step_records
from strategies.questions import asks_options
from strategies.timeline.records import PlannedSend


@asks_options
async def plan_again(
    context: WorkspaceContext, enrollment_id: str | None, step_id: str | None, now: datetime
) -> PlannedSend | None:
    """Return the plan at ``now`` (UTC) of an email that was tried or waits. Writes nothing. Raises Refusal.

    None: the campaign does not plan this email any more.
    """
    enrollment = await Enrollment.get_or_none(id=enrollment_id)
    if enrollment is None:
        return None
    campaign = await Campaign.get(id=enrollment.campaign_id)
    steps = await steps_of(campaign)
    number = next((step.number for step in steps if step.id == step_id), None)
    if number is None:
        return None
    sends = await Send.filter(enrollment_id=enrollment_id)
    tasks = await Task.filter(enrollment_id=enrollment_id)
    happened = step_records(steps, [send for send in sends if send.step_id != step_id], tasks)
    scheduled = scheduled_steps(steps, sends, tasks)
    source = await FactSource.load(context, campaign, steps, enrollment.launched_at)
    own = (await source.people([enrollment.person_id])).get(enrollment.person_id, NO_OWN_FACTS)
    facts = source.facts(own, enrollment.launched_at)
    timeline = resolve(context, campaign, steps, enrollment, happened, now, facts, scheduled=scheduled)
    planned = next((each for each in timeline.planned if each.number == number), None)
    return planned if isinstance(planned, PlannedSend) else None
