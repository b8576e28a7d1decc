"""Check the people of a launch: each must exist, be named once, not be in the campaign, and may get its emails."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from api.codes.refusals.launches import LaunchCode
from api.codes.refusals.people import PersonCode
from api.models import Campaign, Person
from api.services.common.request_context import WorkspaceContext
from api.services.people.reachability import why_not_launch
from api.store.emails.transactional import is_transactional
from api.store.engine.rows import by_ids, not_found
from api.store.enrollments.enrollments import EarlierEnding, earlier_endings, people_in_campaign
from api.store.people.people import lock_present
from api.store.people.suppressions import suppressed_keys, suppressed_people
from strategies import Refusal
from strategies.calendar import local
from strategies.errors import RefusalCollector, Refusals

MAX_PEOPLE = 1_000
"""Most people in one launch, which enrolls all or none.

It is small, because such a launch blocks other writers of SQLite.
"""


class RefusedPerson(NamedTuple):
    """A person whom the launch cannot enroll, and why. ``person`` is None if the workspace has no such person.

    A mistake in the choices for everyone refuses each person who has no choices of their own.
    """

    person_id: str
    person: Person | None
    refusals: Sequence[Refusal]


@dataclass(slots=True)
class LaunchPeople:
    """The people of a launch, by their places in ``personIds``."""

    ids: Sequence[str]
    """The ids that were given."""
    found: dict[str, Person]
    """The people that exist, by id."""
    persons: dict[int, Person] = field(default_factory=dict)
    """The people, without unknown ids and repetitions."""
    refusals: dict[int, list[Refusal]] = field(default_factory=dict)
    unsubscribed: frozenset[str] = frozenset()
    """The ids of unsubscribed people."""
    ended: dict[str, EarlierEnding] = field(default_factory=dict)
    """When and why the campaign ended before for people, by id."""

    def refuse(self, index: int, refusal: Refusal) -> None:
        """Add a refusal of the person at a place."""
        self.refusals.setdefault(index, []).extend(refusal.each)

    def all_refusals(self) -> list[Refusal]:
        """Return the refusals of all people, in their order."""
        return [refusal for _, refusals in sorted(self.refusals.items()) for refusal in refusals]

    def refused(self) -> list[RefusedPerson]:
        """Return the refused people, in their order."""
        return [
            RefusedPerson(self.ids[index], self.found.get(self.ids[index]), refusals)
            for index, refusals in sorted(self.refusals.items())
        ]


class UnplannedLaunchError(Refusals):
    """A launch whose campaign cannot be launched for anybody."""

    def __init__(self, mistakes: Sequence[Refusal], people: LaunchPeople) -> None:
        super().__init__([*mistakes, *people.all_refusals()])
        self.mistakes = mistakes
        """The refusals that concern the launch, and not one of its people."""
        for index in set(people.persons) - set(people.refusals):
            people.refusals[index] = list(mistakes)
        self.refused = people.refused()
        """Everyone: with their own refusals, or else with those of the launch."""


def refuse_number_of_people(person_ids: Sequence[str]) -> None:
    """Refuse a launch without people, or with too many. Raises Refusal."""
    if not person_ids:
        raise Refusal.of(LaunchCode.NO_PEOPLE, ("personIds",))
    if len(person_ids) > MAX_PEOPLE:
        raise Refusal.of(LaunchCode.TOO_MANY_PEOPLE, ("personIds",), limit=MAX_PEOPLE)


async def check_people(
    context: WorkspaceContext, campaign: Campaign | None, person_ids: Sequence[str], *, again: bool
) -> LaunchPeople:
    """Find the people, and refuse those who cannot be enrolled. Without a campaign, only check that they exist."""
    people = await by_ids(Person, context.workspace_id, person_ids)
    people = {key: person for key, person in people.items() if person.erased_at is None}
    found = LaunchPeople(person_ids, people)
    seen: set[str] = set()
    for index, person_id in enumerate(person_ids):
        path = ("personIds", str(index))
        if person_id not in people:
            found.refuse(index, not_found("person", person_id, path))
        elif person_id in seen:
            found.refuse(index, Refusal.of(LaunchCode.NAMED_TWICE, path, email=people[person_id].email))
        else:
            found.persons[index] = people[person_id]
        seen.add(person_id)
    if campaign is not None:
        await _check_for_campaign(context, campaign, found)
        if not again:
            found.ended = await earlier_endings(campaign.id, list(people))
    return found


async def _check_for_campaign(context: WorkspaceContext, campaign: Campaign, found: LaunchPeople) -> None:
    people = found.persons.values()
    running = await people_in_campaign(campaign.id, [person.id for person in people])
    suppressed = await suppressed_keys(context.workspace_id, [person.email_key for person in people])
    transactional = bool(suppressed) and await is_transactional(campaign.id)
    for index, person in found.persons.items():
        path = ("personIds", str(index))
        if person.id in running:
            found.refuse(index, Refusal.of(LaunchCode.ALREADY_ENROLLED, path, email=person.email))
        unsubscribed, bounced = person.email_key in suppressed, person.bounced_at is not None
        why = why_not_launch(campaign, unsubscribed=unsubscribed, bounced=bounced, transactional=transactional)
        if why is PersonCode.UNSUBSCRIBED:
            found.refuse(index, Refusal.of(PersonCode.UNSUBSCRIBED, path, email=person.email))
        if why is PersonCode.BOUNCED:
            found.refuse(index, Refusal.of(PersonCode.BOUNCED, path, email=person.email))
    found.unsubscribed = frozenset(person.id for person in people if person.email_key in suppressed)


def ended_before(person: Person, ending: EarlierEnding, zone: str, index: int) -> Refusal:
    """Return the refusal of a person for whom the campaign has ended. The date is in a time zone."""
    on = local(ending.at, zone).date()
    path = ("personIds", str(index))
    return Refusal.of(LaunchCode.ENDED_BEFORE, path, email=person.email, date=on, reason=ending.reason)


async def refuse_gone_meanwhile(campaign_id: str, person_ids: Sequence[str]) -> None:
    """Refuse people who were erased or merged, or whose address was suppressed, after the check.

    None of these changes can happen before the transaction ends.
    """
    gone, present = await suppressed_people(list(person_ids)), await lock_present(person_ids)
    if gone and await is_transactional(campaign_id):
        gone = set()
    refusals = RefusalCollector()
    for index, person_id in enumerate(person_ids):
        if person_id not in present:
            path = ("personIds", str(index))
            refusals.add(not_found("person", person_id, path))
        elif person_id in gone:
            refusals.add(Refusal.of(PersonCode.UNSUBSCRIBED, ("personIds", str(index)), case="meanwhile"))
    refusals.raise_any()
