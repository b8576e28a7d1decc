"""Launch a campaign, and preview what launching would do."""

from datetime import date, datetime
from typing import Any, cast

import strawberry

from api import models
from api.graphql.campaigns import Campaign
from api.graphql.engine.context import Request
from api.graphql.engine.enums import LaunchStatus
from api.graphql.engine.errors import UserError, payload_of
from api.graphql.engine.language import Language
from api.graphql.engine.relay import After, Connection, First, connect
from api.graphql.launch_inputs import LaunchInput, StartLaunchInput, arguments, choice, placed
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ERRORS, EXPLANATION, LEFT_OUT_CODES, PLANNED, WARNINGS, WARNINGS_OF_PERSON
from api.graphql.people import Person
from api.graphql.running import Enrollment, ExplanationLine, explain
from api.graphql.warnings import WarningLine, warning_lines
from api.services.enrollments.timelines import stored
from api.services.launches import background_launch, launch_warnings
from api.services.launches import launch as service
from api.store.engine.rows import MAX_PAGE
from strategies import timeline as core


@strawberry.type(description="What launching would schedule: an email with an instant, or a task with a due date.")
class PlannedStep:
    """One planned step."""

    step: int = strawberry.field(description="Number of the step.")
    send_at: datetime | None = strawberry.field(description="When the email would go out. UTC; null for a task.")
    due_date: date | None = strawberry.field(description="When the task would be due; null for an email.")
    planned: strawberry.Private[core.Planned]

    @strawberry.field(metadata=cost(30, size=EXPLANATION), description="How it came about.")
    def explanation(self, info: Request, language: Language = "en") -> list[ExplanationLine]:
        """Spoken in a language."""
        return explain(info, stored(self.planned.notes), language)


@strawberry.type(description="What launching would do for one person. Nothing is written.")
class LaunchPreview:
    """One person's preview."""

    person: Person = strawberry.field(description="The person.")
    zone: str = strawberry.field(description="IANA zone in which days and times would be meant.")
    planned: list[PlannedStep] = strawberry.field(
        metadata=cost(size=PLANNED, plain_at=5), description="What would be scheduled at once."
    )
    waiting: list[int] = strawberry.field(
        metadata=cost(size=PLANNED), description="Numbers of the steps that a task would block."
    )
    warnings: list[WarningLine] = strawberry.field(
        metadata=cost(size=WARNINGS_OF_PERSON), description="What to think about before launching."
    )


@strawberry.type(description="The enrollments, or why nobody was enrolled.")
class LaunchPayload:
    """Answer of launch."""

    enrollments: list[Enrollment] = strawberry.field(
        metadata=cost(sized_by_parent=True), default_factory=list, description="One for each person."
    )
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when everyone was enrolled."
    )


@strawberry.type(description="How many people a launch left out for one reason.")
class LeftOutCount:
    """A count by code."""

    code: str = strawberry.field(
        description="UNSUBSCRIBED, BOUNCED, ENDED_BEFORE, ALREADY_ENROLLED, NOT_FOUND, LAUNCH_CANCELLED, …"
    )
    people: int = strawberry.field(description="How many.")


@strawberry.type(description="Someone whom a launch did not enroll.")
class LeftOut:
    """A row of api.models.LeftOut."""

    code: str = strawberry.field(
        description="Why: UNSUBSCRIBED, BOUNCED, ENDED_BEFORE, ALREADY_ENROLLED, NOT_FOUND, LAUNCH_CANCELLED, …"
    )
    person_id: strawberry.ID = strawberry.field(description="The id as it was given.")

    @strawberry.field(description="The person; null when there is none of this id.")
    async def person(self, info: Request) -> Person | None:
        """Loaded with all others."""
        return cast("Person | None", await info.context.loaders.person.load(self.person_id))


@strawberry.type(description="A launch for a large audience, in the background.")
class Launch:
    """A row of api.models.Launch."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    status: LaunchStatus = strawberry.field(description="RUNNING, PAUSED, FINISHED, CANCELLED or FAILED.")
    problem: str | None = strawberry.field(
        description="Why the last attempt to go on failed. While the status is RUNNING it is tried again, later each "
        "time; FAILED means that it has ended, and that everyone who was left is left out with `LAUNCH_FAILED`. Null "
        "when nothing is wrong."
    )
    total: int = strawberry.field(
        description="People in the audience, which is fixed when the launch starts. Once the launch is over, `total` "
        "is `enrolled` and `leftOut` together."
    )
    processed: int = strawberry.field(
        description="People whose turn has come so far, those left out included. A launch that was cancelled stays "
        "where it stood; the rest are left out as LAUNCH_CANCELLED."
    )
    enrolled: int = strawberry.field(description="People who were enrolled.")
    left_out: int = strawberry.field(description="People who were not; `leftOutPeople` says why.")
    again: bool = strawberry.field(
        description="Whether it is also for people whose campaign has ended before; otherwise they are left out with "
        "`ENDED_BEFORE`."
    )
    launched_at: datetime = strawberry.field(
        description="When it began: the moment that people are launched at. For everyone means the people who were "
        "in the workspace when it began, however short before they were added or imported. UTC."
    )
    resumed_at: datetime | None = strawberry.field(
        description="When it was last resumed: the moment that people are launched at from then on. UTC."
    )
    campaign_id: strawberry.Private[str]

    @strawberry.field(description="The campaign.")
    async def campaign(self, info: Request) -> Campaign:
        """Loaded with all others."""
        return cast(Campaign, await info.context.loaders.campaign.load(self.campaign_id))

    @strawberry.field(
        description="Progress from 0 to 1: `processed` of `total`. A launch that was cancelled stays where it stood."
    )
    def progress(self) -> float:
        """A launch without people is done at once."""
        return 1.0 if self.status is LaunchStatus.FINISHED else self.processed / max(self.total, 1)

    @strawberry.field(
        metadata=cost(2_000, size=LEFT_OUT_CODES, queries=True), description="How many were left out, by the reason."
    )
    async def left_out_by_code(self) -> list[LeftOutCount]:
        """Counted now."""
        counts = await background_launch.left_out_by_code(self.id)
        return [LeftOutCount(code=code, people=people) for code, people in sorted(counts.items())]

    @strawberry.field(
        metadata=cost(200, sized_by=("first",), size_most=MAX_PAGE, queries=True),
        description="Who was left out, and why.",
    )
    async def left_out_people(self, first: First = 50, after: After = None) -> Connection[LeftOut]:
        """A page of them."""
        return await connect(models.LeftOut.filter(launch_id=self.id), first, after)


@strawberry.type(description="The launch in the background, or why it did not begin.")
class StartLaunchPayload:
    """Answer of startLaunch, pauseLaunch, resumeLaunch and cancelLaunch."""

    launch: Launch | None = strawberry.field(default=None, description="Ask it for its progress.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it was done."
    )

    @strawberry.field(
        metadata=cost(500, size=WARNINGS),
        description="What to think about in a launch that goes on, such as `OUT_OF_ORDER`, by the sender's zone: "
        "people with a zone of their own may get other times. `cancelLaunch` stops it, and `launchPreview` tells "
        "it beforehand.",
    )
    async def warnings(self, info: Request) -> list[WarningLine]:
        """Computed when they are asked for."""
        if self.launch is None:
            return []
        return warning_lines(await launch_warnings.warnings_of(info.context.workspace_context, cast(Any, self.launch)))


async def launch_preview(info: Request, input: LaunchInput) -> list[LaunchPreview]:  # noqa: A002
    """Resolve what launching would do."""
    given = arguments(input)
    with placed(input):
        previews = await service.preview(info.context.workspace_context, *given, again=input.again)
    return [
        LaunchPreview(
            person=cast(Any, preview.person),
            zone=preview.zone,
            planned=[_planned(planned) for planned in preview.planned],
            waiting=list(preview.waiting),
            warnings=warning_lines(preview.warnings),
        )
        for preview in previews
    ]


def _planned(planned: core.Planned) -> PlannedStep:
    if isinstance(planned, core.PlannedSend):
        return PlannedStep(step=planned.number, send_at=planned.instant, due_date=None, planned=planned)
    return PlannedStep(step=planned.number, send_at=None, due_date=planned.due, planned=planned)


@strawberry.type
class LaunchMutation:
    """Launching."""

    @strawberry.mutation(
        metadata=cost(1_000, sized_by=("input", "personIds"), size_most=service.MAX_PEOPLE, each=4, once=1),
        description="Launch a campaign by adding people. Everyone is enrolled, or nobody: then `errors` says why. "
        "People for whom this campaign has ended before are refused with `ENDED_BEFORE`, unless `again` is true.",
    )
    @payload_of(LaunchPayload)
    async def launch(self, info: Request, input: LaunchInput) -> LaunchPayload:  # noqa: A002
        """Enroll people."""
        given = arguments(input)
        with placed(input):
            return LaunchPayload(
                enrollments=cast(Any, await service.launch(info.context.workspace_context, *given, again=input.again))
            )

    @strawberry.mutation(
        metadata=cost(5_000, once=3),
        description="Launch a campaign for many people, or for everyone, in the background. Who cannot be enrolled is "
        "left out and listed, as are people for whom this campaign has ended before (`ENDED_BEFORE`), unless "
        "`again` is true; nobody is enrolled twice, whatever happens meanwhile. A workspace runs up to 20 launches in "
        "the background at once (`TOO_MANY_LAUNCHES`).",
    )
    @payload_of(StartLaunchPayload)
    async def start_launch(self, info: Request, input: StartLaunchInput) -> StartLaunchPayload:  # noqa: A002
        """Begin a launch."""
        ids = None if input.person_ids is None else [str(person) for person in input.person_ids]
        chosen = choice(input)
        with placed(input):
            started = await background_launch.start_launch(
                info.context.workspace_context, str(input.campaign_id), ids, chosen, again=input.again
            )
        return StartLaunchPayload(launch=cast(Any, started))

    @strawberry.mutation(
        description="Let a launch in the background enroll nobody else. Who is enrolled stays; endCampaign ends it "
        "for them, and cancels its launches itself."
    )
    @payload_of(StartLaunchPayload)
    async def cancel_launch(self, info: Request, id: strawberry.ID) -> StartLaunchPayload:  # noqa: A002
        """Cancel a launch."""
        return StartLaunchPayload(
            launch=cast(Any, await background_launch.cancel_launch(info.context.workspace_context, id))
        )
