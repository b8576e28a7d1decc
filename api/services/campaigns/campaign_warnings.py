"""Warnings about a campaign's steps and settings that apply to every person."""

from collections.abc import Mapping, Sequence
from datetime import time

from api.models import Step
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.offer_warnings import offer_warnings
from api.services.enrollments.timelines.timeline_rows import timeline_steps
from api.states import Tracking
from strategies import WarningNote
from strategies.questions import QuestionCollector, asks_options
from strategies.sentences.warning_codes import WarningCode
from strategies.timeline.send_order import order_warnings

NO_TIMES: Mapping[int, time] = {}


def campaign_warnings(
    context: WorkspaceContext, steps: Sequence[Step], *, skip_weekends: bool, times: Mapping[int, time] = NO_TIMES
) -> list[WarningNote]:
    """Return the warnings that apply to every person. ``steps`` are all steps of the campaign, in order.

    ``times`` are the local times that a launch sets, by step number.
    """
    options = context.installed.send_options
    found, questions = list[WarningNote](), QuestionCollector()
    with questions:
        found += offer_warnings(context, steps)
    with questions:
        found += order_warnings(timeline_steps(steps), options, skip_weekends=skip_weekends, times=times)
    questions.raise_any()
    return found


def tracking_warnings(context: WorkspaceContext, tracking: Tracking) -> list[WarningNote]:
    """Return the warning that emails are not tracked although the campaign says so."""
    return [] if tracking is Tracking.OFF or context.tracks else [WarningCode.NOT_TRACKED.note()]


@asks_options
async def find_campaign_warnings(
    context: WorkspaceContext, steps: Sequence[Step], *, skip_weekends: bool
) -> list[WarningNote]:
    """Return the warnings of ``campaign_warnings``. It waits for send options that other processes run."""
    return campaign_warnings(context, steps, skip_weekends=skip_weekends)


@asks_options
async def step_warnings(
    context: WorkspaceContext, steps: Sequence[Step], number: int, *, skip_weekends: bool
) -> list[WarningNote]:
    """Return those of the campaign's warnings that concern one step."""
    return [
        note
        for note in campaign_warnings(context, steps, skip_weekends=skip_weekends)
        if number in (note.values["step"], note.values.get("earlierStep"))
    ]
