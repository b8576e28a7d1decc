"""Follow changes of facts that send options read, so that the person's unsent emails are recalculated."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from api.clock import Clock
from api.models import Campaign, Person
from api.services.enrollments.facts.option_facts import OF_PERSON, FactSource, OwnFacts
from api.store import jobs
from api.store.enrollments.fact_changes import mark_changed, mark_newcomers
from strategies import CampaignFacts, Reads
from strategies.registry import SendOptions

FACT_CHANGES_JOB = "fact_changes"
"""The name of the job that recalculates people. services/campaigns/editing/fact_changes_job.py has its work."""
COLUMNS: Mapping[str, Reads] = {"zone": Reads.RECIPIENT_ZONE, "own_fields": Reads.FIELDS} | dict.fromkeys(
    ("email", "first_name", "last_name", "title", "company"), Reads.PERSON
)
"""The declaration with which an option reads a column of a person."""


@dataclass(frozen=True, slots=True)
class FactFollower:
    """Knows which changes of people the installed send options follow. Without any, it does nothing."""

    options: SendOptions

    @property
    def reads(self) -> frozenset[Reads]:
        """The facts about people that any option follows."""
        followed = (each.reads for each in self.options.values() if each.follows_changes)
        return OF_PERSON & frozenset[Reads]().union(*followed)

    def facts(self, people: Iterable[Person]) -> dict[str, OwnFacts]:
        """Return the followed facts of people, by id."""
        if not self.reads:
            return {}
        source = FactSource(self.reads, CampaignFacts())
        return {person.id: source.own(person) for person in people}

    async def changed_columns(self, workspace_id: str, person_id: str, columns: Iterable[str], clock: Clock) -> None:
        """Follow a change of some columns of a person. Call in the transaction of the change."""
        reads = {COLUMNS[name] for name in columns if name in COLUMNS}
        await self._mark(workspace_id, {each: [person_id] for each in reads}, clock)

    async def changed(
        self, workspace_id: str, before: Mapping[str, OwnFacts], people: Iterable[Person], clock: Clock
    ) -> None:
        """Follow the changes of people. ``before`` are their facts before the transaction changed them."""
        changed: dict[Reads, list[str]] = {each: [] for each in self.reads}
        for person_id, after in self.facts(person for person in people if person.id in before).items():
            was: Any = before[person_id]
            for read, name in NAMES.items():
                if getattr(was, name) != getattr(after, name):
                    changed[read].append(person_id)
        await self._mark(workspace_id, changed, clock)

    async def _mark(self, workspace_id: str, changed: Mapping[Reads, Collection[str]], clock: Clock) -> None:
        """Mark the people whose campaigns use an option that follows the changed facts."""
        marked = False
        for read, ids in changed.items():
            keys = [key for key, each in self.options.items() if each.follows_changes and read in each.reads]
            if keys and ids:
                marked |= await mark_changed(ids, keys)
        if marked:
            await jobs.keep_open(FACT_CHANGES_JOB, workspace_id, workspace_id, clock())


NAMES: Mapping[Reads, str] = {
    Reads.PERSON: "person",
    Reads.RECIPIENT_ZONE: "recipient_zone",
    Reads.FIELDS: "fields",
}
"""The field of ``OwnFacts`` that has each kind of facts."""


async def follow_newcomers(
    source: FactSource, campaign: Campaign, planned: Mapping[str, OwnFacts], clock: Clock
) -> None:
    """Mark those of the people just enrolled who have changed since their plan was calculated by these facts.

    Call in the transaction that enrolls them and has locked them.
    """
    if not source.needs_people:
        return
    present = await source.people(planned)
    if changed := [person_id for person_id, own in planned.items() if present.get(person_id, own) != own]:
        await mark_newcomers(campaign.id, changed)
        await jobs.keep_open(FACT_CHANGES_JOB, campaign.workspace_id, campaign.workspace_id, clock())
