"""The input of launches, and the paths of refusals in it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import strawberry

from api.codes.launches import LaunchCode
from api.services.launches.launch import Choice
from strategies import Refusal


@strawberry.input(description="A new time of day for one step.")
class StepTimeInput:
    step: int = strawberry.field(
        description="Number of the step, counted from 1. Its send option must allow another time (`takesTime`)."
    )
    time: str = strawberry.field(
        description="Time of day, HH:MM or HH:MM:SS, in the enrollment's time zone, such as `09:30`."
    )


@strawberry.input(description="One person's own choices at launch, used instead of those for everyone.")
class PersonLaunchInput:
    person_id: strawberry.ID = strawberry.field(description="One of the ids in `personIds`, such as `per_…`.")
    send_now: bool = strawberry.field(default=False, description="Whether to send this person the first email now.")
    send_at: datetime | None = strawberry.field(
        default=None,
        description="When to send this person the first email, such as `2026-03-02T08:30:00Z`; its local "
        "date is day 1.",
    )
    times: list[StepTimeInput] = strawberry.field(
        default_factory=list, description="New times of day for steps, for this person only."
    )


@strawberry.input(description="For whom to launch a campaign, and when its emails are sent.")
class LaunchInput:
    campaign_id: strawberry.ID = strawberry.field(description="Identifier of the campaign to launch, such as `cmp_…`.")
    person_ids: list[strawberry.ID] = strawberry.field(description="Identifiers of the people to enroll, at least one.")
    send_now: bool = strawberry.field(default=False, description="Whether to send the first email now.")
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


@strawberry.input(description="For whom to launch a campaign in the background, and when its emails are sent.")
class StartLaunchInput:
    campaign_id: strawberry.ID = strawberry.field(description="Identifier of the campaign to launch, such as `cmp_…`.")
    person_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Identifiers of the people to enroll; null: everyone in the workspace."
    )
    send_now: bool = strawberry.field(default=False, description="Whether to send the first email now.")
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


Choices = LaunchInput | PersonLaunchInput | StartLaunchInput


def choice_of(given: Choices, *path: str) -> Choice:
    """Return the choices of a launch. Times are by step number. Raises Refusal if a step has two times."""
    if given.send_now and given.send_at is not None:
        raise Refusal.of(LaunchCode.SEND_AT_AMBIGUOUS, (*path, "sendAt"))
    times: dict[int, str] = {}
    for index, item in enumerate(given.times):
        if item.step in times:
            raise Refusal.of(LaunchCode.NAMED_TWICE, (*path, "times", str(index), "step"), case="step", step=item.step)
        times[item.step] = item.time
    return Choice("NOW" if given.send_now else given.send_at, times)


def launch_arguments(given: LaunchInput) -> tuple[str, list[str], Choice, dict[str, Choice]]:
    """Return the service's arguments. The choices for single people are by their id. Raises Refusal."""
    own: dict[str, Choice] = {}
    for index, item in enumerate(given.per_person):
        path = ("perPerson", str(index))
        if item.person_id in own:
            raise Refusal.of(LaunchCode.NAMED_TWICE, (*path, "personId"), case="choice", person=item.person_id[:60])
        own[str(item.person_id)] = choice_of(item, *path)
    return str(given.campaign_id), [str(person) for person in given.person_ids], choice_of(given), own


@contextmanager
def request_paths(given: LaunchInput | StartLaunchInput) -> Iterator[None]:
    """Change the paths of refusals to paths in the request, with the index of an element instead of its key."""
    try:
        yield
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, _request_path(given, refusal.path)) from None


def _request_path(given: Choices, path: Sequence[str]) -> tuple[str, ...]:
    match path:
        case ("perPerson", key, *rest) if isinstance(given, LaunchInput):
            index = [item.person_id for item in given.per_person].index(strawberry.ID(key))
            return ("perPerson", str(index), *_request_path(given.per_person[index], rest))
        case ("times", key, *rest):
            index = [str(item.step) for item in given.times].index(key)
            return ("times", str(index), *rest)
    return tuple(path)
