"""What a client gives to launch a campaign, and where in it a refusal points."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import strawberry

from api.services.launches.launch import Choice
from strategies import Refusal


@strawberry.input(description="A new wall time for a step.")
class StepTimeInput:
    step: int = strawberry.field(description="Number of the step; its send option must take a time.")
    time: str = strawberry.field(description="Wall time, HH:MM or HH:MM:SS, in the enrollment's zone.")


@strawberry.input(description="What launching chooses for one person instead of for all.")
class PersonLaunchInput:
    person_id: strawberry.ID = strawberry.field(description="One of `personIds`.")
    send_now: bool = strawberry.field(default=False, description="Send the first email now.")
    send_at: datetime | None = strawberry.field(default=None, description="Send the first email at this instant.")
    times: list[StepTimeInput] = strawberry.field(default_factory=list, description="New wall times.")


@strawberry.input(description="For whom to launch a campaign, and when.")
class LaunchInput:
    campaign_id: strawberry.ID = strawberry.field(description="The campaign.")
    person_ids: list[strawberry.ID] = strawberry.field(description="The people, at least one.")
    send_now: bool = strawberry.field(default=False, description="Send the first email now.")
    send_at: datetime | None = strawberry.field(
        default=None, description="Send the first email at this instant; its local date is day 1."
    )
    times: list[StepTimeInput] = strawberry.field(default_factory=list, description="New wall times for all.")
    per_person: list[PersonLaunchInput] = strawberry.field(
        default_factory=list, description="What is chosen for single people instead."
    )
    again: bool = strawberry.field(
        default=False,
        description="Whether to launch also for people whose campaign has ended before: by a reply, a bounce, an "
        "unsubscribe, or because they were removed by hand. Otherwise such a person is refused with `ENDED_BEFORE`. "
        "Campaigns that ended for everyone, that came to their end, or that ended by an expired task do not count.",
    )


@strawberry.input(description="For whom to launch a campaign in the background, and when.")
class StartLaunchInput:
    campaign_id: strawberry.ID = strawberry.field(description="The campaign.")
    person_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The people; null is everyone in the workspace."
    )
    send_now: bool = strawberry.field(default=False, description="Send the first email now.")
    send_at: datetime | None = strawberry.field(
        default=None, description="Send the first email at this instant; its local date is day 1."
    )
    times: list[StepTimeInput] = strawberry.field(default_factory=list, description="New wall times for all.")
    again: bool = strawberry.field(
        default=False,
        description="Whether to launch also for people whose campaign has ended before: by a reply, a bounce, an "
        "unsubscribe, or because they were removed by hand. Otherwise they are left out with `ENDED_BEFORE`. "
        "Campaigns that ended for everyone, that came to their end, or that ended by an expired task do not count.",
    )


Chooses = LaunchInput | PersonLaunchInput | StartLaunchInput


def choice(of: Chooses, *path: str) -> Choice:
    """Return what was chosen, new times by the step's number. Raises Refusal where it is chosen twice."""
    if of.send_now and of.send_at is not None:
        raise Refusal("SEND_AT_AMBIGUOUS", "Give sendNow or sendAt, not both.", (*path, "sendAt"))
    times: dict[int, str] = {}
    for index, item in enumerate(of.times):
        if item.step in times:
            told = f"Step {item.step} has two new times here. Give it one."
            raise Refusal("NAMED_TWICE", told, (*path, "times", str(index), "step"))
        times[item.step] = item.time
    return Choice("NOW" if of.send_now else of.send_at, times)


def arguments(of: LaunchInput) -> tuple[str, list[str], Choice, dict[str, Choice]]:
    """Return what the service takes, what is chosen for single people by their ids. Raises Refusal."""
    own: dict[str, Choice] = {}
    for index, item in enumerate(of.per_person):
        path = ("perPerson", str(index))
        if item.person_id in own:
            told = f"{item.person_id[:60]!r} has two choices of its own here. Give one."
            raise Refusal("NAMED_TWICE", told, (*path, "personId"))
        own[str(item.person_id)] = choice(item, *path)
    return str(of.campaign_id), [str(person) for person in of.person_ids], choice(of), own


@contextmanager
def placed(of: LaunchInput | StartLaunchInput) -> Iterator[None]:
    """Let the service's refusals point into the request: at an element by its index, where the service has a key."""
    try:
        yield
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, _indexed(of, refusal.path)) from None


def _indexed(of: Chooses, path: Sequence[str]) -> tuple[str, ...]:
    match path:
        case ("perPerson", key, *rest) if isinstance(of, LaunchInput):
            index = [item.person_id for item in of.per_person].index(strawberry.ID(key))
            return ("perPerson", str(index), *_indexed(of.per_person[index], rest))
        case ("times", key, *rest):
            index = [str(item.step) for item in of.times].index(key)
            return ("times", str(index), *rest)
    return tuple(path)
