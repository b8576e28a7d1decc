"""Plan a launch: check its choices and its people, and calculate their timelines. Nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from api.codes.refusals.launches import LaunchCode
from api.codes.refusals.people import PersonCode
from api.codes.request_errors.inputs import InputCode
from api.models import Campaign, Person, Step
from api.services.common.loop_slices import LoopSlices
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.facts.option_facts import FactSource, example_person
from api.services.launches.first_emails import check_first_emails, refuse_without_first_email
from api.services.launches.launch_people import (
    MAX_PEOPLE,
    LaunchPeople,
    RefusedPerson,
    UnplannedLaunchError,
    check_people,
    ended_before,
    refuse_number_of_people,
)
from api.services.launches.launch_planner import Choice, LaunchPlanner, PlannedPerson, find_senders
from api.services.launches.ready_campaign import CAMPAIGN, ready_for_launch
from api.services.templates.template_inputs import WrittenText
from strategies import Refusal
from strategies.errors import RefusalCollector
from strategies.questions import QuestionCollector

MAX_SCHEDULED = 2_000
"""Most emails and tasks that one launch schedules. `startLaunch` has no such limit."""
NO_TEXTS: Mapping[str, WrittenText] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """The enrollments of a launch with their timelines, before anything is written."""

    campaign: Campaign
    steps: list[Step]
    source: FactSource
    """The facts about its people that the send options read."""
    enrollments: list[PlannedPerson]
    refused: list[RefusedPerson]
    mistakes: list[Refusal]
    """Refusals that concern the launch, and not one of its people."""
    unsubscribed: frozenset[str]
    """The ids of unsubscribed people. Only a transactional campaign can have any among its enrollments."""
    texts: Mapping[str, WrittenText]
    """The first emails that a rep has written, by person."""

    def raise_refusals(self) -> None:
        """Raise the refusals of the launch and of its people, if any."""
        people = [refusal for each in self.refused for refusal in each.refusals]
        RefusalCollector([*self.mistakes, *people]).raise_any()


async def plan_launch(
    context: WorkspaceContext,
    campaign_id: str,
    person_ids: Sequence[str],
    choice: Choice,
    per_person: Mapping[str, Choice],
    *,
    again: bool = False,
    mistakes: Sequence[Refusal] = (),
    texts: Mapping[str, WrittenText] = NO_TEXTS,
) -> LaunchPlan:
    """Check a launch, and calculate its timelines. ``mistakes`` are refusals that the caller has found before.

    ``texts`` are the first emails that a rep has written, by person.

    Raises UnplannedLaunchError if the campaign cannot be launched for anybody. The plan has all other refusals.
    """
    refusals = RefusalCollector(mistakes)
    campaign: Campaign | None = None
    steps: list[Step] = []
    with refusals:
        campaign, steps = await ready_for_launch(context, campaign_id)
    with refusals:
        refuse_number_of_people(person_ids)
    people = await check_people(context, campaign, person_ids[:MAX_PEOPLE], again=again)
    chosen = set(person_ids)
    for person_id in [each for each in {**per_person, **texts} if each not in chosen]:
        path = ("perPerson", person_id, "personId")
        refusals.add(Refusal.of(InputCode.NOT_FOUND, path, case="not_chosen", id=person_id[:60]))
    texts = await check_first_emails(context, texts, "perPerson", refusals)
    if campaign is None:
        raise UnplannedLaunchError(refusals.found, people)
    senders = await find_senders(context, campaign, [choice, *per_person.values()])
    planner = await LaunchPlanner.load(context, campaign, steps, senders)
    planned: dict[int, PlannedPerson] = {}
    questions, slices = QuestionCollector(), LoopSlices()
    for index, person in people.persons.items():
        await slices.turn()
        own = per_person.get(person.id)
        try:
            with questions:
                planned[index] = planner.plan(person, own or choice)
        except Refusal as refusal:
            for each in refusal.each:
                if own is None or each.path == CAMPAIGN:
                    refusals.add(each)
                    people.refuse(index, each)  # a plan has every person, as accepted or as refused
                else:
                    people.refuse(index, each.under("perPerson", person.id))
            continue
        if index not in planned:
            continue
        for each in _refusals_of_person(index, planned[index], people, texts.get(person.id)):
            people.refuse(index, each)
    questions.raise_any()
    good = [each for index, each in planned.items() if index not in people.refusals]
    scheduled = sum(len(each.timeline.planned) for each in good)
    if scheduled > MAX_SCHEDULED:
        limits = {"limit": MAX_SCHEDULED, "scheduled": scheduled}
        refusals.add(Refusal.of(LaunchCode.TOO_MANY_PEOPLE, ("personIds",), case="scheduled", **limits))
    return LaunchPlan(
        campaign, steps, planner.source, good, people.refused(), refusals.found, people.unsubscribed, texts
    )


def _refusals_of_person(
    index: int, planned: PlannedPerson, people: LaunchPeople, text: WrittenText | None
) -> Sequence[Refusal]:
    """Return why a planned person cannot be enrolled. ``text`` is their first email, if a rep has written one.

    Such an email is never transactional.
    """
    refusals, person, path = RefusalCollector(), planned.person, ("perPerson", planned.person.id)
    if text is not None:
        with refusals:
            refuse_without_first_email(planned.timeline, text, path)
        if person.id in people.unsubscribed:
            refusals.add(Refusal.of(PersonCode.UNSUBSCRIBED, path, email=person.email))
    if person.id in people.ended:
        refusals.add(ended_before(person, people.ended[person.id], planned.enrollment.zone, index))
    return refusals.found


async def plan_example(
    context: WorkspaceContext, campaign: Campaign, steps: list[Step], choice: Choice
) -> PlannedPerson:
    """Plan a launch for a person without a time zone, who is not in the database. Raises Refusal.

    If a send option reads facts about people, the timeline is empty: it differs between people.
    """
    planner = await LaunchPlanner.load(context, campaign, steps, await find_senders(context, campaign, [choice]))
    planner.for_nobody = planner.source.needs_people
    return planner.plan(example_person(context), choice)


async def plan_choices(
    context: WorkspaceContext,
    campaign: Campaign,
    steps: list[Step],
    people: Mapping[str, Person],
    choices: Mapping[str, Choice],
) -> dict[str, PlannedPerson | Refusal]:
    """Plan people with their own choices, by id: the plan, or why the choices are wrong, with paths inside them."""
    senders = await find_senders(context, campaign, list(choices.values()))
    planner = await LaunchPlanner.load(context, campaign, steps, senders)
    found: dict[str, PlannedPerson | Refusal] = {}
    questions, slices = QuestionCollector(), LoopSlices()
    for person_id, choice in choices.items():
        await slices.turn()
        try:
            with questions:
                found[person_id] = planner.plan(people[person_id], choice)
        except Refusal as refusal:
            found[person_id] = refusal
    questions.raise_any()
    return found
