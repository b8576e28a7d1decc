"""Preview of a launch."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from api.graphql.engine.context import Request
from api.graphql.engine.language import Language
from api.graphql.engine.rows import from_row
from api.graphql.explanations import ExplanationLine, explain
from api.graphql.launch_inputs import LaunchInput, launch_arguments, request_paths
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import EXPLANATION, PLANNED, WARNINGS_OF_PERSON
from api.graphql.people import Person
from api.graphql.warnings import WarningLine, warning_lines
from api.services.enrollments.explanations import notes_to_json
from api.services.launches import launch_preview
from api.services.launches.launch import MAX_PEOPLE
from strategies.records import Planned, PlannedSend


@strawberry.type(description="What launching would schedule: an email with a send time, or a task with a due date.")
class PlannedStep:
    step: int = strawberry.field(description="Number of the step in the campaign, counted from 1.")
    send_at: datetime | None = strawberry.field(description="When the email would be sent, UTC; null for a task.")
    due_date: date | None = strawberry.field(
        description="When the task would be due, in the preview's `zone`; null for an email."
    )
    planned: strawberry.Private[Planned]

    @strawberry.field(
        metadata=cost(30, size=EXPLANATION), description="How the send time or due date was calculated, step by step."
    )
    def explanation(self, info: Request, language: Language = "en") -> list[ExplanationLine]:
        return explain(info, notes_to_json(self.planned.notes), language)


@strawberry.type(description="What launching would do for one person. Nothing is written.")
class LaunchPreview:
    person: Person = strawberry.field(description="The person who would be enrolled.")
    zone: str = strawberry.field(
        description="IANA time zone of the person's days and times of day, such as `Europe/Berlin`."
    )
    planned: list[PlannedStep] = strawberry.field(
        metadata=cost(size=PLANNED, plain_at=5), description="The emails and tasks that would be scheduled at once."
    )
    waiting: list[int] = strawberry.field(
        metadata=cost(size=PLANNED),
        description="Numbers of the steps that would be scheduled only once an earlier task is done.",
    )
    warnings: list[WarningLine] = strawberry.field(
        metadata=cost(size=WARNINGS_OF_PERSON), description="What to consider before launching for this person."
    )


@strawberry.type
class LaunchPreviewQuery:
    @strawberry.field(
        metadata=cost(1_000, sized_by=("input", "personIds"), size_most=MAX_PEOPLE, each=20, queries=True),
        description="What launching would do, person by person. Nothing is written.",
    )
    async def launch_preview(
        self,
        info: Request,
        input: Annotated[
            LaunchInput,
            strawberry.argument(
                description="The campaign, people and times of the launch, as `launch` would get them."
            ),
        ],
    ) -> list[LaunchPreview]:
        return await preview(info, input)


async def preview(info: Request, input: LaunchInput) -> list[LaunchPreview]:
    """Calculate what a launch would schedule."""
    given = launch_arguments(input)
    with request_paths(input):
        previews = await launch_preview.preview(info.context.workspace_context, *given, again=input.again)
    return [
        LaunchPreview(
            person=from_row(Person, preview.person),
            zone=preview.zone,
            planned=[_planned(planned) for planned in preview.planned],
            waiting=list(preview.waiting),
            warnings=warning_lines(preview.warnings),
        )
        for preview in previews
    ]


def _planned(planned: Planned) -> PlannedStep:
    if isinstance(planned, PlannedSend):
        return PlannedStep(step=planned.number, send_at=planned.instant, due_date=None, planned=planned)
    return PlannedStep(step=planned.number, send_at=None, due_date=planned.due, planned=planned)
