"""The timelines of people who are launched together."""

from collections.abc import Sequence

from api.models import Campaign, Enrollment, Step
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.timelines.option_failures import logging_failures
from api.services.enrollments.timelines.timeline_rows import launch_choices, timeline_steps
from strategies import Calendar, Facts
from strategies.calendar import aware
from strategies.timeline.timeline import SharedTimelines, Timeline
from strategies.timeline.timeline_walk import TimelineInput


def launched_timelines(campaign: Campaign, steps: Sequence[Step], enrollment: Enrollment) -> SharedTimelines:
    """Return the timelines of people who are launched with the choices of ``enrollment``, from the launch on."""
    calendar = Calendar(enrollment.zone, campaign.skip_weekends)
    in_order = timeline_steps(steps, enrollment.launched_revision)
    now = aware(enrollment.launched_at).replace(microsecond=0)
    return SharedTimelines(TimelineInput(in_order, calendar, launch_choices(enrollment, steps), {}, now, {}))


def resolve_shared(context: WorkspaceContext, campaign: Campaign, timelines: SharedTimelines, facts: Facts) -> Timeline:
    """Calculate the timeline of one of the people with these timelines. Raises Refusal."""
    with logging_failures(campaign.id):
        return timelines.resolve(context.installed.send_options, facts)
