"""Calculate the timelines of the people of a launch. People with the same choices and facts share one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from api.ids import new_id
from api.models import Campaign, Enrollment, Person, Sender, Step
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.enrollments.facts.option_facts import FactSource, OwnFacts
from api.services.enrollments.timelines.timeline_rows import launch_choices, resolve, timeline_steps, zone_for
from api.store.engine.rows import by_ids, not_found
from strategies import Refusal
from strategies.codes import StrategyCode
from strategies.errors import RefusalCollector
from strategies.step_checks import check_launch
from strategies.timeline.records import ZoneOf
from strategies.timeline.timeline import Timeline

Now = Literal["NOW"]
Zone = tuple[str, ZoneOf]
"""A time zone, and whose zone it is."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Choices of a launch: a send-at (NOW, or a time in UTC), other local times by step number, and a sender.

    Without ``sender_id``, the campaign's sender sends the emails.
    """

    send_at: datetime | Now | None = None
    times: Mapping[int, str] = field(default_factory=dict)
    sender_id: str | None = None


NO_TIMELINE = Timeline((), {}, (), None)


class PlannedPerson(NamedTuple):
    """A person whom the launch enrolls."""

    enrollment: Enrollment
    person: Person
    sender: Sender
    timeline: Timeline


class _Chosen(NamedTuple):
    """The checked choices of people in one time zone, and their timeline."""

    send_at: datetime | None
    times: Mapping[str, str]
    """Local times by step id."""
    timeline: Timeline


@dataclass(slots=True)
class LaunchPlanner:
    """Plans the people of a launch. People of one zone, one choice and equal declared facts share one timeline."""

    context: WorkspaceContext
    campaign: Campaign
    steps: list[Step]
    senders: Mapping[str, Sender]
    source: FactSource
    for_nobody: bool = False
    """Whether only the choices are checked, because nobody's facts are known."""
    _chosen_by_key: dict[tuple[Zone, str, OwnFacts], _Chosen | Refusal] = field(default_factory=dict)

    @classmethod
    async def load(
        cls, context: WorkspaceContext, campaign: Campaign, steps: list[Step], senders: Mapping[str, Sender]
    ) -> "LaunchPlanner":
        return cls(context, campaign, steps, senders, await FactSource.load(context, campaign, steps, context.now))

    def plan(self, person: Person, choice: Choice) -> PlannedPerson:
        """Return a person's enrollment and timeline. Raises Refusal if the choice is wrong, with paths inside it."""
        refusals = RefusalCollector()
        sender = self.senders[self.campaign.sender_id]
        with refusals:
            sender = self._sender(choice)
        zone = zone_for(self.campaign, person.zone, sender.zone)
        with refusals:
            chosen = self._chosen(zone, choice, self.source.own(person))
        refusals.raise_any()
        enrollment = self._enrollment(zone, sender, person.id, chosen.send_at, chosen.times)
        return PlannedPerson(enrollment, person, sender, chosen.timeline)

    def _sender(self, choice: Choice) -> Sender:
        sender_id = choice.sender_id or self.campaign.sender_id
        if sender_id not in self.senders:
            raise not_found("sender", sender_id, ("senderId",))
        return self.senders[sender_id]

    def _chosen(self, zone: Zone, choice: Choice, own: OwnFacts) -> _Chosen:
        same = (zone, repr((choice.send_at, choice.times)), own)
        if same not in self._chosen_by_key:
            try:
                self._chosen_by_key[same] = self._check(zone, choice, own)
            except Refusal as refusal:
                self._chosen_by_key[same] = refusal
        found = self._chosen_by_key[same]
        if isinstance(found, Refusal):
            raise found
        return found

    def _check(self, zone: Zone, choice: Choice, own: OwnFacts) -> _Chosen:
        """Check a choice, and calculate its timeline. Raises Refusal."""
        refusals = RefusalCollector()
        send_at = self.context.now if choice.send_at == "NOW" else choice.send_at
        if isinstance(send_at, datetime):
            with refusals:
                send_at = inputs.instant(send_at, ("sendAt",))
        times: dict[str, str] = {}
        for number, wall in choice.times.items():
            path = ("times", str(number))
            with refusals:
                if not 1 <= number <= len(self.steps):
                    raise Refusal.of(StrategyCode.STEP_NOT_FOUND, (*path, "step"), number=number)
                times[self.steps[number - 1].id] = inputs.wall_time(wall, (*path, "time")).isoformat()
        example = self._enrollment(zone, self.senders[self.campaign.sender_id], "", send_at, times)
        options = self.context.installed.send_options
        with refusals:
            check_launch(timeline_steps(self.steps), launch_choices(example, self.steps), options)
        refusals.raise_any()
        if self.for_nobody:
            return _Chosen(send_at, times, NO_TIMELINE)
        now = self.context.now
        facts = self.source.facts(own, now)
        return _Chosen(send_at, times, resolve(self.context, self.campaign, self.steps, example, {}, now, facts))

    def _enrollment(
        self, zone: Zone, sender: Sender, person_id: str, send_at: datetime | None, times: Mapping[str, str]
    ) -> Enrollment:
        """Return the row of an enrollment. Does not write it."""
        return Enrollment(
            id=new_id("enr"),
            workspace_id=self.context.workspace_id,
            campaign_id=self.campaign.id,
            person_id=person_id,
            sender_id=sender.id,
            zone=zone[0],
            zone_of=zone[1],
            launched_at=self.context.now,
            revision=self.campaign.revision,
            launched_revision=self.campaign.revision,
            send_at=send_at,
            times=dict(times),
        )


async def find_senders(context: WorkspaceContext, campaign: Campaign, choices: Sequence[Choice]) -> dict[str, Sender]:
    """Return the senders of a campaign and of choices, by id. Unknown senders are left out."""
    ids = {campaign.sender_id, *(choice.sender_id for choice in choices if choice.sender_id is not None)}
    return await by_ids(Sender, context.workspace_id, ids)
