"""Preview a background launch: how many people it would enroll, whom it would leave out, and one example timeline."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from api.codes.refusals.launches import LaunchCode
from api.codes.request_errors.inputs import InputCode
from api.models import Campaign
from api.services.common.request_context import WorkspaceContext
from api.services.launches.background.chosen_people import Audience
from api.services.launches.background.start_checks import NO_CHOICES, check_start
from api.services.launches.launch_planner import Choice
from api.services.launches.preview.launch_preview import Previews, preview
from api.services.people.reachability import why_not_launch
from api.services.templates.template_inputs import WrittenText
from api.store.emails.transactional import is_transactional
from api.store.engine.sql import Row
from api.store.enrollments.enrollments import earlier_endings, people_in_campaign
from api.store.launches import launches as store
from strategies import Refusal

MAX_CHECKED = 200_000
"""The most people whom a preview checks."""
PEOPLE_PER_STATEMENT = 2_000
EXAMPLES = 5
"""People whom the preview names for each reason."""


@dataclass(slots=True)
class LeftOutSummary:
    """The people whom a launch would leave out for one reason."""

    people: int = 0
    person_ids: list[str] = field(default_factory=list)
    """The first of them, EXAMPLES at most. An id may not exist."""


@dataclass(slots=True)
class LaunchSummary:
    """The preview of a background launch."""

    people: int = 0
    exact: bool = True
    """Whether everyone was checked. Otherwise the numbers are those of the first MAX_CHECKED people."""
    enrolled: int = 0
    left_out: dict[str, LeftOutSummary] = field(default_factory=dict)
    """By code, the most frequent first."""
    example: Previews | None = None
    """The preview of the first person who would be enrolled."""
    mistakes: Sequence[Refusal] = ()

    def leave_out(self, person_id: str, code: str) -> None:
        """Count a person whom the launch would leave out."""
        found = self.left_out.setdefault(code, LeftOutSummary())
        found.people += 1
        if len(found.person_ids) < EXAMPLES:
            found.person_ids.append(person_id)


async def summary(
    context: WorkspaceContext,
    campaign_id: str,
    people: Audience,
    choice: Choice,
    *,
    again: bool = False,
    mistakes: Sequence[Refusal] = (),
    texts: Mapping[str, WrittenText] = MappingProxyType({}),
    per_person: Mapping[str, Choice] = NO_CHOICES,
) -> LaunchSummary:
    """Preview a launch for its present audience. Writes nothing."""
    start, found = await check_start(context, campaign_id, people, choice, mistakes, texts, per_person), LaunchSummary()
    campaign, found.mistakes = start.campaign, start.refusals.found
    if campaign is None:
        return found
    first = await _check(context, campaign, start.ids, found, again=again)
    found.left_out = dict(sorted(found.left_out.items(), key=lambda each: (-each[1].people, each[0])))
    if first is not None and not found.mistakes:
        text = {first: start.texts[first]} if first in start.texts else {}
        own = {first: per_person[first]} if first in per_person else {}
        shown = await preview(context, campaign.id, [first], choice, own, again=again, texts=text)
        found.example = shown if shown.people else None
    return found


async def _check(
    context: WorkspaceContext, campaign: Campaign, ids: Sequence[str] | None, found: LaunchSummary, *, again: bool
) -> str | None:
    """Check the people in slices. Returns the first person who would be enrolled."""
    transactional, last, first = await is_transactional(campaign.id), "", None
    while True:
        if ids is None:
            rows = await store.people_after(context.workspace_id, last, PEOPLE_PER_STATEMENT)
            slice_ids: Sequence[str] = [row["id"] for row in rows]
        else:
            slice_ids = ids[found.people : found.people + PEOPLE_PER_STATEMENT]
            rows = await store.people_with_ids(context.workspace_id, slice_ids)
        if not slice_ids:
            return first
        if found.people >= MAX_CHECKED:
            found.exact = False
            return first
        people = {row["id"]: row for row in rows}
        running = await people_in_campaign(campaign.id, list(people))
        ended = {} if again else await earlier_endings(campaign.id, list(people))
        for person_id in slice_ids:
            code = _why_not(campaign, people.get(person_id), running, ended, transactional=transactional)
            if code is None:
                found.enrolled += 1
                first = first or person_id
            else:
                found.leave_out(person_id, code)
        found.people, last = found.people + len(slice_ids), slice_ids[-1]


def _why_not(
    campaign: Campaign, person: Row | None, running: Collection[str], ended: Collection[str], *, transactional: bool
) -> str | None:
    """Return the code with which the launch would leave a person out."""
    if person is None:
        return InputCode.NOT_FOUND
    unsubscribed, bounced = person["unsubscribed"], person["bounced"]
    if why := why_not_launch(campaign, unsubscribed=unsubscribed, bounced=bounced, transactional=transactional):
        return why
    if person["id"] in ended:
        return LaunchCode.ENDED_BEFORE
    return LaunchCode.ALREADY_ENROLLED if person["id"] in running else None
