"""The facts that the send options of a campaign declare, and their values for each person."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from api.models import Campaign, Person, Step
from api.services.common.campaign_facts import campaign_facts
from api.services.common.request_context import WorkspaceContext
from api.store.dispatch import send_history
from api.store.dispatch.send_history import StoredHistory
from api.store.people.people import option_facts
from strategies import CampaignFacts, Facts, FieldValues, History, HourCounts, PersonFacts, Reads
from strategies.facts import NO_FACTS, UNDECLARED
from strategies.history import NO_HISTORY
from strategies.registry import SendOptions

OF_PERSON = frozenset({Reads.PERSON, Reads.RECIPIENT_ZONE, Reads.FIELDS})
"""The kinds of facts in which people differ."""


class OwnFacts(NamedTuple):
    """The declared facts in which people differ. People for whom they are equal can share a timeline."""

    person: PersonFacts | None = None
    recipient_zone: str | None = None
    fields: FieldValues | None = None


NO_OWN_FACTS = OwnFacts()


def declared_reads(options: SendOptions, steps: Iterable[Step], *, following: bool = False) -> frozenset[Reads]:
    """Return the facts that the send options of these steps declare.

    With ``following``, only options that follow changes.
    """
    keys = {step.send_option for step in steps if step.send_option in options}
    found = [options[key] for key in keys if key is not None]
    return frozenset().union(*(option.reads for option in found if option.follows_changes or not following))


@dataclass(frozen=True, slots=True)
class FactSource:
    """Gives the facts that the send options of one campaign declare. Without any, it reads nothing."""

    reads: frozenset[Reads]
    campaign: CampaignFacts
    histories: Sequence[StoredHistory] = ()
    """The counts of HISTORY, the oldest first."""

    @classmethod
    async def load(
        cls, context: WorkspaceContext, campaign: Campaign, steps: Sequence[Step], launched_at: datetime | None = None
    ) -> "FactSource":
        """Load the facts that all people of a campaign with these steps share.

        With ``launched_at`` (UTC), only those of people who are launched then.
        """
        reads, histories = declared_reads(context.installed.send_options, steps), list[StoredHistory]()
        if Reads.HISTORY in reads and launched_at is not None:
            histories = await send_history.history_before(context.workspace_id, launched_at)
        elif Reads.HISTORY in reads:
            histories = await send_history.histories(context.workspace_id)
        return cls(reads, campaign_facts(campaign), histories)

    @property
    def needs_people(self) -> bool:
        """Whether a declared fact differs between people."""
        return not self.reads.isdisjoint(OF_PERSON)

    async def people(self, person_ids: Collection[str]) -> Mapping[str, OwnFacts]:
        """Return the own facts of people, by id. Without declared facts that differ, it returns nobody."""
        if not self.needs_people or not person_ids:
            return {}
        return {row.id: self.own(row) for row in await option_facts(person_ids)}

    def own(self, person: Any) -> OwnFacts:
        """Return the own facts of a person: a ``Person``, or a row with its columns."""
        if not self.needs_people:
            return NO_OWN_FACTS
        return OwnFacts(
            _person(person) if Reads.PERSON in self.reads else None,
            person.zone if Reads.RECIPIENT_ZONE in self.reads else None,
            field_values(person.own_fields) if Reads.FIELDS in self.reads else None,
        )

    def facts(self, own: OwnFacts, launched_at: datetime) -> Facts:
        """Return the facts about a person who was launched at a time (UTC)."""
        if not self.reads:
            return NO_FACTS
        reads = self.reads
        return Facts(
            person=own.person or PersonFacts("") if Reads.PERSON in reads else UNDECLARED,
            recipient_zone=own.recipient_zone if Reads.RECIPIENT_ZONE in reads else UNDECLARED,
            fields=own.fields if own.fields is not None else UNDECLARED,
            history=self._history(launched_at) if Reads.HISTORY in reads else UNDECLARED,
            campaign=self.campaign if Reads.CAMPAIGN in reads else UNDECLARED,
        )

    def _history(self, launched_at: datetime) -> History:
        """Return the latest history before a launch. It stays the same for its people."""
        before = [each for each in self.histories if each.counted_at < launched_at]
        return _parsed(*before[-1]) if before else NO_HISTORY


@lru_cache(maxsize=100)
def _parsed(counted_at: datetime, counts: str) -> History:
    return History(tuple(HourCounts(*hour) for hour in json.loads(counts)), counted_at)


def example_person(context: WorkspaceContext) -> Person:
    """Return an empty person, who is not in the database."""
    return Person(id="", workspace_id=context.workspace_id, email="", own_fields={})


def _person(person: Any) -> PersonFacts:
    return PersonFacts(
        person.id, person.email, person.first_name, person.last_name, person.title, person.company
    )  # fmt: skip


def field_values(own_fields: Mapping[str, Any]) -> FieldValues:
    """Return fields as emails show them: as text, without those that have no value."""
    return FieldValues({name: str(value) for name, value in own_fields.items() if value is not None})
