"""Check the input of a background launch: its campaign, its choices, its audience, and the texts of first emails."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from api.codes.request_errors.inputs import InputCode
from api.models import Campaign, Person, Step
from api.services.common.request_context import WorkspaceContext
from api.services.launches.background.chosen_people import Audience
from api.services.launches.first_emails import MAX_FIRST_EMAILS, check_first_emails, refuse_without_first_email
from api.services.launches.launch_plan import plan_choices, plan_example
from api.services.launches.launch_planner import Choice, PlannedPerson
from api.services.launches.ready_campaign import ready_for_launch
from api.services.templates.template_inputs import WrittenText
from api.store.engine.rows import by_ids
from api.store.launches.launch_choices import LaunchChoice
from strategies import Refusal
from strategies.errors import RefusalCollector
from strategies.questions import asks_options

FIRST_EMAILS = "firstEmails"
"""The argument with the first emails that a rep has written."""
PER_PERSON = "perPerson"
NO_CHOICES: Mapping[str, Choice] = MappingProxyType({})


@dataclass(slots=True)
class StartCheck:
    """The checked input of a background launch. If there are refusals, some fields have their defaults."""

    refusals: RefusalCollector
    texts: Mapping[str, WrittenText]
    campaign: Campaign | None = None
    example: PlannedPerson | None = None
    """The plan for a person without a time zone. Its timeline is empty if send options read facts about people."""
    choices: Mapping[str, LaunchChoice] = field(default_factory=dict)
    """The choices for single people."""
    ids: Sequence[str] | None = ()
    """The ids of the people; None for everyone."""


@asks_options
async def check_start(
    context: WorkspaceContext,
    campaign_id: str,
    people: Audience | Sequence[str] | None,
    choice: Choice,
    mistakes: Sequence[Refusal],
    texts: Mapping[str, WrittenText],
    per_person: Mapping[str, Choice] = NO_CHOICES,
) -> StartCheck:
    """Check the input, and find the people. ``mistakes`` are refusals that the caller has found in the input."""
    refusals = RefusalCollector(mistakes)
    found, steps = StartCheck(refusals, texts), list[Step]()
    with refusals:
        found.campaign, steps = await ready_for_launch(context, campaign_id)
        found.example = await plan_example(context, found.campaign, steps, choice)
        for person_id, text in texts.items() if found.example.timeline.planned else ():
            with refusals:
                refuse_without_first_email(found.example.timeline, text, (FIRST_EMAILS, person_id))
    if found.campaign is not None:
        found.choices = await _own_choices(context, found.campaign, steps, per_person, refusals)
    found.texts = await check_first_emails(context, texts, FIRST_EMAILS, refusals)
    with refusals:
        found.ids = await (people if isinstance(people, Audience) else Audience(people, everyone=people is None)).ids(
            context
        )
        await _refuse_others(context, found.ids, FIRST_EMAILS, texts, refusals)
        await _refuse_others(context, found.ids, PER_PERSON, per_person, refusals)
    for argument, choices_by_person in ((FIRST_EMAILS, texts), (PER_PERSON, per_person)):
        if len(choices_by_person) > MAX_FIRST_EMAILS:
            limits = {"limit": MAX_FIRST_EMAILS, "length": len(choices_by_person)}
            refusals.add(Refusal.of(InputCode.TOO_LONG, (argument,), case="elements", **limits))
    return found


async def _own_choices(
    context: WorkspaceContext,
    campaign: Campaign,
    steps: list[Step],
    per_person: Mapping[str, Choice],
    refusals: RefusalCollector,
) -> dict[str, LaunchChoice]:
    """Check the choices for single people, and return them as they are stored."""
    people = await by_ids(Person, context.workspace_id, list(per_person)[:MAX_FIRST_EMAILS]) if per_person else {}
    choices = {person_id: per_person[person_id] for person_id in people}
    found = {}
    for person_id, planned in (await plan_choices(context, campaign, steps, people, choices)).items():
        if isinstance(planned, Refusal):
            refusals.add(planned.with_path(lambda own, id_=person_id: (PER_PERSON, id_, *own)))  # type: ignore[misc]
        else:
            row = planned.enrollment
            found[person_id] = LaunchChoice(row.send_at, row.times, row.sender_id)
    return found


async def _refuse_others(
    context: WorkspaceContext,
    ids: Sequence[str] | None,
    argument: str,
    chosen_ids: Collection[str],
    refusals: RefusalCollector,
) -> None:
    """Refuse choices for people who are not in the audience."""
    audience_ids = (
        set(await by_ids(Person, context.workspace_id, chosen_ids) if ids is None else ids) if chosen_ids else set()
    )
    for person_id in chosen_ids:
        if person_id not in audience_ids:
            path = (argument, person_id, "personId")
            refusals.add(Refusal.of(InputCode.NOT_FOUND, path, case="not_chosen", id=person_id[:60]))
