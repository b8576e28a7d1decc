"""Preview a launch: the emails and tasks that it would schedule, with its warnings, and the people it would refuse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.models import Person, Sender
from api.services.common.request_context import WorkspaceContext
from api.services.launches.launch_people import RefusedPerson, UnplannedLaunchError
from api.services.launches.launch_plan import NO_TEXTS, plan_launch
from api.services.launches.launch_planner import Choice
from api.services.launches.preview.first_email_previews import FirstEmail, FirstEmailPreviews, first_email
from api.services.launches.preview.launch_warnings import preview_warnings
from api.services.templates.template_inputs import WrittenText
from api.store.enrollments.enrollments import earlier_endings
from strategies import Refusal, WarningNote
from strategies.questions import asks_options
from strategies.timeline.records import Planned


@dataclass(frozen=True, slots=True)
class Preview:
    """The emails and tasks that a launch would schedule for one person, up to the first task."""

    person: Person
    sender: Sender
    zone: str
    planned: Sequence[Planned]
    waiting: Sequence[int]
    warnings: Sequence[WarningNote]
    first_email: FirstEmail | None
    """None if a task comes before the first email."""


@dataclass(frozen=True, slots=True)
class Previews:
    """The preview of a launch. A launch is refused as a whole if there is a mistake or a refused person."""

    people: Sequence[Preview]
    first_emails: FirstEmailPreviews
    refused: Sequence[RefusedPerson] = ()
    mistakes: Sequence[Refusal] = ()
    """Refusals that concern the launch, and not one of its people."""


@asks_options
async def preview(
    context: WorkspaceContext,
    campaign_id: str,
    person_ids: Sequence[str],
    choice: Choice,
    per_person: Mapping[str, Choice],
    *,
    again: bool = False,
    mistakes: Sequence[Refusal] = (),
    texts: Mapping[str, WrittenText] = NO_TEXTS,
) -> Previews:
    """Calculate what a launch would schedule. Writes nothing."""
    try:
        plan = await plan_launch(
            context, campaign_id, person_ids, choice, per_person, again=again, mistakes=mistakes, texts=texts
        )
    except UnplannedLaunchError as error:
        return Previews([], FirstEmailPreviews(context), error.refused, error.mistakes)
    ended = await earlier_endings(plan.campaign.id, [each.person.id for each in plan.enrollments]) if again else {}
    previews = []
    for (enrollment, person, sender, timeline), warnings in zip(
        plan.enrollments, await preview_warnings(context, plan, ended), strict=True
    ):
        waiting = range(timeline.blocked_by + 1, len(plan.steps) + 1) if timeline.blocked_by else ()
        first = first_email(plan.steps, timeline, plan.texts.get(person.id))
        previews.append(Preview(person, sender, enrollment.zone, timeline.planned, waiting, warnings, first))
    return Previews(previews, FirstEmailPreviews(context), plan.refused, plan.mistakes)
