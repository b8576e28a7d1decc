"""Warnings of a launch preview, from all their sources, and of a background launch that has not ended."""

from collections.abc import Mapping, Sequence

from api.models import Campaign, Enrollment, Launch, Sender, Step
from api.services.campaigns.campaign_warnings import campaign_warnings, tracking_warnings
from api.services.campaigns.option_problems import option_problems
from api.services.common.live_steps import steps_of
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.facts.option_facts import FactSource, example_person
from api.services.enrollments.order_warnings import ORDER_CODES, OrderTally
from api.services.enrollments.timelines.timeline_rows import launch_choices, resolve, timeline_steps
from api.services.launches.launch_plan import LaunchPlan
from api.services.launches.launch_planner import PlannedPerson
from api.services.launches.preview.missing_field_warnings import missing_field_warnings
from api.services.people.reachability import unreachable_warnings
from api.states import OPEN_LAUNCH_STATUSES
from api.store.enrollments.enrollments import EarlierEnding
from strategies import Refusal, WarningNote
from strategies.calendar import local
from strategies.questions import asks_options
from strategies.sentences.warning_codes import WarningCode
from strategies.timeline.records import PlannedSend, ZoneOf
from strategies.timeline.timeline import Timeline


async def preview_warnings(
    context: WorkspaceContext, plan: LaunchPlan, ended: Mapping[str, EarlierEnding]
) -> list[list[WarningNote]]:
    """Return the warnings of a preview for each of its people, in their order.

    They are about send options and the order of emails, missing fields, the person's address, and people for whom the
    campaign has ended before: ``ended`` has when (UTC) and why, by person.
    """
    of_senders: dict[str, list[PlannedPerson]] = {}
    for each in plan.enrollments:
        of_senders.setdefault(each.sender.id, []).append(each)
    missing = {
        sender_id: await missing_field_warnings(
            context, plan.steps, [each.person for each in people], people[0].sender, plan.texts
        )
        for sender_id, people in of_senders.items()
    }
    warnings_by_timeline: dict[int, list[WarningNote]] = {}
    problems = await option_problems(context, plan.steps)
    found = []
    for enrollment, person, sender, timeline in plan.enrollments:
        # People of one zone and one choice share one timeline.
        if id(timeline) not in warnings_by_timeline:
            warnings_by_timeline[id(timeline)] = launch_warnings(
                context, plan.campaign, plan.steps, enrollment, timeline
            )
        warnings = [*problems, *warnings_by_timeline[id(timeline)], *missing[sender.id]]
        warnings += unreachable_warnings(
            context.workspace, plan.campaign, person, unsubscribed=person.id in plan.unsubscribed
        )
        if person.id in ended:
            at, reason = ended[person.id]
            warnings.append(
                WarningCode.LAUNCHED_AGAIN.note(date=local(at, enrollment.zone).date().isoformat(), reason=reason)
            )
        found.append(warnings)
    return found


def launch_warnings(
    context: WorkspaceContext,
    campaign: Campaign,
    steps: Sequence[Step],
    enrollment: Enrollment,
    timeline: Timeline,
) -> list[WarningNote]:
    """Return the warnings about send options, and about the order of one person's emails.

    Warnings about steps after a task are estimates.
    """
    instants = {each.number: each.instant for each in timeline.planned if isinstance(each, PlannedSend)}
    order = OrderTally(timeline_steps(steps))
    order.add(instants, instants.keys(), enrollment.zone)
    times = launch_choices(enrollment, steps).times
    others = campaign_warnings(context, steps, skip_weekends=campaign.skip_weekends, times=times)
    others += tracking_warnings(context, campaign.tracking)
    planned = {each.number for each in timeline.planned}
    return order.warnings(
        [
            note
            for note in others
            if note.code not in ORDER_CODES or not {note.values["step"], note.values["earlierStep"]} <= planned
        ]
    )


@asks_options
async def warnings_of(context: WorkspaceContext, row: Launch) -> list[WarningNote]:
    """Return the warnings about a launch that has not ended, by times in the sender's zone."""
    if row.status not in OPEN_LAUNCH_STATUSES:
        return []
    campaign = await Campaign.get(id=row.campaign_id)
    steps = await steps_of(campaign)
    began = row.resumed_at or row.launched_at
    zone = (await Sender.get(id=row.sender_id or campaign.sender_id)).zone
    example = Enrollment(
        id="", workspace_id=row.workspace_id, campaign_id=campaign.id, person_id="",
        zone=zone, zone_of=ZoneOf.SENDER, launched_at=began,
        send_at=row.send_at, times=row.times, launched_revision=row.revision,
    )  # fmt: skip
    source = await FactSource.load(context, campaign, steps)
    if source.needs_people:  # the times differ between people
        others = campaign_warnings(context, steps, skip_weekends=campaign.skip_weekends)
        return others + tracking_warnings(context, campaign.tracking)
    try:
        facts = source.facts(source.own(example_person(context)), began)
        timeline = resolve(context, campaign, steps, example, {}, began, facts)
    except Refusal:  # the job leaves people out with this code
        return []
    return launch_warnings(context, campaign, steps, example, timeline)
