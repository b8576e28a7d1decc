"""The input of launches, and the paths of refusals in it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

import strawberry

from api.codes.refusals.launches import LaunchCode
from api.graphql.arguments.request_keys import KEY
from api.graphql.engine.graphql_context import Request
from api.graphql.people.person_filters import PersonFilter, read_filter
from api.services.launches.background.chosen_people import Audience
from api.services.launches.launch_planner import Choice
from api.services.people import person_reads
from api.services.templates.template_inputs import WrittenText
from strategies import Refusal
from strategies.errors import RefusalCollector


@strawberry.input(description="A new time of day for one step.")
class StepTimeInput:
    step: int = strawberry.field(
        description="Number of the step, counted from 1. Its send option must allow another time (`takesTime`)."
    )
    time: str = strawberry.field(
        description="Time of day, HH:MM or HH:MM:SS, in the enrollment's time zone, such as `09:30`."
    )


@strawberry.input(
    description="One person's own choices at launch, used instead of those for everyone. If only `subject` and `html` "
    "are given, the choices for everyone apply to the rest."
)
class PersonLaunchInput:
    person_id: strawberry.ID = strawberry.field(description="One of the ids in `personIds`, such as `per_…`.")
    send_now: bool = strawberry.field(
        default=False, description="Whether to send this person the first email now. Not together with `sendAt`."
    )
    send_at: datetime | None = strawberry.field(
        default=None,
        description="When to send this person the first email, such as `2026-03-02T08:30:00Z`; its local "
        "date is day 1.",
    )
    times: list[StepTimeInput] = strawberry.field(
        default_factory=list, description="New times of day for steps, for this person only."
    )
    sender_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Who sends the emails and gets the tasks: a sender of the workspace, such as `sdr_…`, with its "
        "time zone and limits. If left out, the sender of the launch.",
    )
    subject: str | None = strawberry.field(
        default=None,
        description="Subject of this person's first email, sent as it is: it is not a template. If left out, that of "
        "the step.",
    )
    html: str | None = strawberry.field(
        default=None,
        description="HTML of this person's first email, sent as it is. Unsafe HTML is removed. If left out, the step's "
        "template is rendered. A follow-up still quotes the template.",
    )


@strawberry.input(
    description="The first email of one person, as a rep has written it. The first step must be an email that is sent "
    "automatically."
)
class FirstEmailInput:
    person_id: strawberry.ID = strawberry.field(description="`id` of a person of the launch, such as `per_…`.")
    subject: str | None = strawberry.field(
        default=None,
        description="Subject of this person's first email, sent as it is: it is not a template. If left out, that of "
        "the step.",
    )
    html: str | None = strawberry.field(
        default=None,
        description="HTML of this person's first email, sent as it is. Unsafe HTML is removed. If left out, the step's "
        "template is rendered. A follow-up still quotes the template.",
    )


@strawberry.input(description="For whom to launch a campaign, and when its emails are sent.")
class LaunchInput:
    campaign_id: strawberry.ID = strawberry.field(description="Identifier of the campaign to launch, such as `cmp_…`.")
    person_ids: list[strawberry.ID] = strawberry.field(description="Identifiers of the people to enroll, at least one.")
    send_now: bool = strawberry.field(
        default=False, description="Whether to send the first email now. Not together with `sendAt`."
    )
    send_at: datetime | None = strawberry.field(
        default=None,
        description="When to send the first email, such as `2026-03-02T08:30:00Z`; its local date is day 1.",
    )
    times: list[StepTimeInput] = strawberry.field(
        default_factory=list, description="New times of day for steps, for everyone."
    )
    per_person: list[PersonLaunchInput] = strawberry.field(
        default_factory=list, description="Single people's own choices, used instead of those above."
    )
    again: bool = strawberry.field(
        default=False,
        description="Whether to launch also for people whose campaign ended before: by a reply, a "
        "bounce, an unsubscribe, or because they were removed by hand. Otherwise the launch "
        "is refused with `ENDED_BEFORE`. Campaigns that ended for everyone, finished, or "
        "ended by an expired task do not count.",
    )
    sender_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Who sends the emails and gets the tasks: a sender of the workspace, such as `sdr_…`, with its "
        "time zone and limits. If left out, the campaign's sender.",
    )
    key: str | None = strawberry.field(default=None, description=f"{KEY} A preview ignores it.")


@strawberry.input(description="For whom to launch a campaign in the background, and when its emails are sent.")
class StartLaunchInput:
    campaign_id: strawberry.ID = strawberry.field(description="Identifier of the campaign to launch, such as `cmp_…`.")
    person_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description="Identifiers of the people to enroll. Give exactly one of `personIds`, `groupId`, `filter` and "
        "`everyone`.",
    )
    group_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Enrolls the people of this group, such as `grp_…`: those who are in it when the launch starts.",
    )
    filter: PersonFilter | None = strawberry.field(
        default=None,
        description="Enrolls the people who match this filter of `people` when the launch starts, up to 200,000.",
    )
    everyone: bool = strawberry.field(
        default=False,
        description="Whether to enroll everyone who is in the workspace when the launch starts.",
    )
    send_now: bool = strawberry.field(
        default=False, description="Whether to send the first email now. Not together with `sendAt`."
    )
    send_at: datetime | None = strawberry.field(
        default=None,
        description="When to send the first email, such as `2026-03-02T08:30:00Z`; its local date is day 1.",
    )
    times: list[StepTimeInput] = strawberry.field(
        default_factory=list, description="New times of day for steps, for everyone."
    )
    again: bool = strawberry.field(
        default=False,
        description="Whether to launch also for people whose campaign ended before: by a reply, a "
        "bounce, an unsubscribe, or because they were removed by hand. Otherwise they are "
        "left out with `ENDED_BEFORE`. Campaigns that ended for everyone, finished, or ended "
        "by an expired task do not count.",
    )
    sender_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Who sends the emails and gets the tasks: a sender of the workspace, such as `sdr_…`, with its "
        "time zone and limits. If left out, the campaign's sender.",
    )
    per_person: list[PersonLaunchInput] = strawberry.field(
        default_factory=list,
        description="Single people's own choices, used instead of those above: up to 1,000 people of the audience.",
    )
    first_emails: list[FirstEmailInput] = strawberry.field(
        default_factory=list,
        description="First emails that a rep has written for single people: up to 1,000. If a later edit makes the "
        "first step an EMAIL task, they are the drafts of the tasks.",
    )
    key: str | None = strawberry.field(default=None, description=KEY)


Choices = LaunchInput | PersonLaunchInput | StartLaunchInput


class InputRefusal(Refusal):
    """A refusal of the input itself. Its path is already that in the request."""

    def with_path(self, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Refusal:
        """Return the refusal as it is."""
        return self


class LaunchRequest(NamedTuple):
    """The values of a launch's input, and the refusals that the input itself causes."""

    campaign_id: str
    choice: Choice
    per_person: Mapping[str, Choice]
    mistakes: Sequence[Refusal]
    texts: Mapping[str, WrittenText]
    """The first emails that a rep has written, by person."""


def launch_request(given: LaunchInput | StartLaunchInput) -> LaunchRequest:
    """Return the values of an input. The choices for single people are by their id."""
    refusals, own, texts = RefusalCollector(), dict[str, Choice](), dict[str, WrittenText]()
    choice = _choice_of(given, (), refusals)
    seen: set[str] = set()
    for argument, index, item in _items(given):
        path, key = (argument, str(index)), str(item.person_id)
        if key in seen:
            message = LaunchCode.NAMED_TWICE.message("choice", person=item.person_id[:60], argument=argument)
            refusals.add(InputRefusal(*message, (*path, "personId")))
        seen.add(key)
        text = WrittenText(item.subject, item.html)
        if text != (None, None) or isinstance(item, FirstEmailInput):
            texts.setdefault(key, text)
        if isinstance(item, PersonLaunchInput):
            theirs = _choice_of(item, path, refusals)
            if key not in texts or theirs != Choice():
                own.setdefault(key, replace(theirs, sender_id=theirs.sender_id or choice.sender_id))
    return LaunchRequest(str(given.campaign_id), choice, own, refusals.found, texts)


async def audience_of(info: Request, given: StartLaunchInput) -> Audience:
    """Return whom a background launch is for. Raises Refusal."""
    ids = None if given.person_ids is None else [str(person) for person in given.person_ids]
    group_id, rows = None if given.group_id is None else str(given.group_id), None
    if given.filter is not None:
        try:
            rows = await person_reads.people(info.context.workspace_context, read_filter(given.filter), path=())
        except Refusal as refusal:
            raise refusal.under("filter") from None
    return Audience(ids, group_id, rows, given.everyone)


def _items(given: LaunchInput | StartLaunchInput) -> Iterator[tuple[str, int, PersonLaunchInput | FirstEmailInput]]:
    """Yield the choices for single people, with the argument and the index."""
    if isinstance(given, LaunchInput):
        yield from (("perPerson", index, item) for index, item in enumerate(given.per_person))
    else:
        yield from (("perPerson", index, own) for index, own in enumerate(given.per_person))
        yield from (("firstEmails", index, each) for index, each in enumerate(given.first_emails))


def _choice_of(given: Choices, path: tuple[str, ...], refusals: RefusalCollector) -> Choice:
    """Return the choices of a launch. Times are by step number."""
    if given.send_now and given.send_at is not None:
        refusals.add(InputRefusal(*LaunchCode.SEND_AT_AMBIGUOUS.message(), (*path, "sendAt")))
    times: dict[int, str] = {}
    for index, item in enumerate(given.times):
        if item.step in times:
            message = LaunchCode.NAMED_TWICE.message("step", step=item.step)
            refusals.add(InputRefusal(*message, (*path, "times", str(index), "step")))
        times.setdefault(item.step, item.time)
    return Choice("NOW" if given.send_now else given.send_at, times, given.sender_id)


@contextmanager
def request_paths(given: LaunchInput | StartLaunchInput) -> Iterator[None]:
    """Change the paths of refusals to paths in the request, with the index of an element instead of its key."""
    try:
        yield
    except Refusal as refusal:
        raise in_request(given, refusal) from None


def in_request(given: LaunchInput | StartLaunchInput, refusal: Refusal) -> Refusal:
    """Return a refusal with its path in the request."""
    return refusal.with_path(partial(_request_path, given))


def _request_path(given: Choices, path: tuple[str, ...]) -> tuple[str, ...]:
    match path:
        case ("firstEmails", key, *rest) if isinstance(given, StartLaunchInput):
            ids = [item.person_id for item in given.first_emails]
            if key in ids:
                return ("firstEmails", str(ids.index(strawberry.ID(key))), *rest)
            return _request_path(given, ("perPerson", key, *rest))
        case ("perPerson", key, *rest) if not isinstance(given, PersonLaunchInput):
            index = [item.person_id for item in given.per_person].index(strawberry.ID(key))
            return ("perPerson", str(index), *_request_path(given.per_person[index], tuple(rest)))
        case ("times", key, *rest):
            index = [str(item.step) for item in given.times].index(key)
            return ("times", str(index), *rest)
    return path
