"""Launch a campaign, and preview what launching would do."""

from datetime import date, datetime
from typing import Any, cast

import strawberry

from api.graphql.campaigns import Language
from api.graphql.context import Request
from api.graphql.errors import UserError, payload_of
from api.graphql.people import Person
from api.graphql.running import Enrollment, ExplanationLine, explain
from api.services import launch as service
from api.services.plans import stored
from strategies import Refusal
from strategies import timeline as core


@strawberry.input(description="A new wall time for a step.")
class StepTimeInput:
    """One of launching's new times."""

    step: int = strawberry.field(description="Number of the step; its send option must take a time.")
    time: str = strawberry.field(description="Wall time, HH:MM or HH:MM:SS, in the enrollment's zone.")


@strawberry.input(description="What launching chooses for one person instead of for all.")
class PersonLaunchInput:
    """One person's own choice."""

    person_id: strawberry.ID = strawberry.field(description="One of `personIds`.")
    send_now: bool = strawberry.field(default=False, description="Send the first email now.")
    send_at: datetime | None = strawberry.field(default=None, description="Send the first email at this instant.")
    times: list[StepTimeInput] = strawberry.field(default_factory=list, description="New wall times.")


@strawberry.input(description="For whom to launch a campaign, and when.")
class LaunchInput:
    """What launch and launchPreview take."""

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


@strawberry.type(description="What launching would schedule: an email with an instant, or a task with a due date.")
class PlannedStep:
    """One planned step."""

    step: int = strawberry.field(description="Number of the step.")
    send_at: datetime | None = strawberry.field(description="When the email would go out. UTC; null for a task.")
    due_date: date | None = strawberry.field(description="When the task would be due; null for an email.")
    planned: strawberry.Private[core.Planned]

    @strawberry.field(description="How it came about.")
    def explanation(self, info: Request, language: Language = "en") -> list[ExplanationLine]:
        """Spoken in a language."""
        return explain(info, stored(self.planned.notes), language)


@strawberry.type(description="What launching would do for one person. Nothing is written.")
class LaunchPreview:
    """One person's preview."""

    person: Person = strawberry.field(description="The person.")
    zone: str = strawberry.field(description="IANA zone in which days and times would be meant.")
    planned: list[PlannedStep] = strawberry.field(description="What would be scheduled at once.")
    waiting: list[int] = strawberry.field(description="Numbers of the steps that a task would block.")
    warnings: list[str] = strawberry.field(description="What to think about before launching.")


@strawberry.type(description="The enrollments, or why nobody was enrolled.")
class LaunchPayload:
    """Answer of launch."""

    enrollments: list[Enrollment] = strawberry.field(default_factory=list, description="One for each person.")
    errors: list[UserError] = strawberry.field(default_factory=list, description="Empty when everyone was enrolled.")


def _choice(of: LaunchInput | PersonLaunchInput, *path: str) -> service.Choice:
    if of.send_now and of.send_at is not None:
        raise Refusal("SEND_AT_AMBIGUOUS", "Give sendNow or sendAt, not both.", (*path, "sendAt"))
    times = {item.step: item.time for item in of.times}
    return service.Choice("NOW" if of.send_now else of.send_at, times)


def _arguments(of: LaunchInput) -> tuple[str, list[str], service.Choice, dict[str, service.Choice]]:
    own = {str(item.person_id): _choice(item, "perPerson", item.person_id) for item in of.per_person}
    return str(of.campaign_id), [str(person) for person in of.person_ids], _choice(of), own


async def launch_preview(info: Request, input: LaunchInput) -> list[LaunchPreview]:  # noqa: A002
    """Resolve what launching would do."""
    return [
        LaunchPreview(
            person=cast(Any, preview.person),
            zone=preview.zone,
            planned=[_planned(planned) for planned in preview.planned],
            waiting=list(preview.waiting),
            warnings=list(preview.warnings),
        )
        for preview in await service.preview(info.context.scope, *_arguments(input))
    ]


def _planned(planned: core.Planned) -> PlannedStep:
    if isinstance(planned, core.PlannedSend):
        return PlannedStep(step=planned.number, send_at=planned.instant, due_date=None, planned=planned)
    return PlannedStep(step=planned.number, send_at=None, due_date=planned.due, planned=planned)


@strawberry.type
class LaunchMutation:
    """Launching."""

    @strawberry.mutation(
        description="Launch a campaign by adding people. Everyone is enrolled, or nobody: then `errors` says why."
    )
    @payload_of(LaunchPayload)
    async def launch(self, info: Request, input: LaunchInput) -> LaunchPayload:  # noqa: A002
        """Enroll people."""
        return LaunchPayload(enrollments=cast(Any, await service.launch(info.context.scope, *_arguments(input))))
