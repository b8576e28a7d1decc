"""Preview a launch: the emails and tasks that it would schedule, with its warnings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.models import Person
from api.services.common.context import WorkspaceContext
from api.services.launches.launch import Choice, plan_launch, refuse_ended
from api.services.launches.launch_warnings import preview_warnings
from api.store.enrollments import earlier_endings
from strategies import WarningNote
from strategies.records import Planned


@dataclass(frozen=True, slots=True)
class Preview:
    """The emails and tasks that a launch would schedule for one person, up to the first task."""

    person: Person
    zone: str
    planned: Sequence[Planned]
    waiting: Sequence[int]
    warnings: Sequence[WarningNote]


async def preview(
    context: WorkspaceContext,
    campaign_id: str,
    person_ids: Sequence[str],
    choice: Choice,
    per_person: Mapping[str, Choice],
    *,
    again: bool = False,
) -> list[Preview]:
    """Calculate what a launch would schedule. Writes nothing. Raises Refusal as the launch would."""
    plan = await plan_launch(context, campaign_id, person_ids, choice, per_person)
    if not again:
        await refuse_ended(plan)
    ended = await earlier_endings(plan.campaign.id, list(person_ids)) if again else {}
    previews = []
    for (enrollment, person, timeline), warnings in zip(
        plan.enrollments, await preview_warnings(context, plan, ended), strict=True
    ):
        waiting = range(timeline.blocked_by + 1, len(plan.steps) + 1) if timeline.blocked_by else ()
        previews.append(Preview(person, enrollment.zone, timeline.planned, waiting, warnings))
    return previews
