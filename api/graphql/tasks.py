"""Tasks: types and queries."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.graphql.compositions import Composition, shown
from api.graphql.emails import Email
from api.graphql.engine.context import Request
from api.graphql.engine.enums import EnrollmentStatus, Priority, StepType, TaskDue, TaskStatus
from api.graphql.engine.language import Language
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.graphql.engine.rows import from_row
from api.graphql.explanations import ExplanationLine, explain
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import EXPLANATION
from api.graphql.people import Person
from api.graphql.senders import Sender
from api.graphql.steps import Step
from api.services.tasks import reading
from api.services.tasks.tasks import compose

if TYPE_CHECKING:
    from api.graphql.enrollments import Enrollment


@strawberry.type(description="Human work for one person of a campaign.")
class Task:
    """A row of api.models.Task."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    type: StepType = strawberry.field(description="EMAIL, CALL, INMAIL or CUSTOM.")
    name: str = strawberry.field(description="What to do.")
    details: str = strawberry.field(description="Notes: a talk track.")
    priority: Priority = strawberry.field(description="NORMAL or HIGH.")
    status: TaskStatus = strawberry.field(description="What became of it.")
    due_date: date = strawberry.field(description="Date on which it is due, in the enrollment's zone.")
    expires_at: datetime | None = strawberry.field(
        description="When it expires, unless its email is scheduled or in doubt; null is never. UTC."
    )
    done_at: datetime | None = strawberry.field(description="When it was completed, sent or skipped. UTC.")
    person_id: strawberry.Private[str]
    assignee_id: strawberry.Private[str]
    step_id: strawberry.Private[str]
    enrollment_id: strawberry.Private[str]
    explanation: strawberry.Private[Any]

    @strawberry.field(
        name="explanation",
        metadata=cost(30, size=EXPLANATION),
        description="How the due date came about, from the base day on.",
    )
    def explanation_lines(self, info: Request, language: Language = "en") -> list[ExplanationLine]:
        return explain(info, self.explanation, language)

    @strawberry.field(description="About whom.")
    async def person(self, info: Request) -> Person:
        return await info.context.loaders.person.load(self.person_id)

    @strawberry.field(description="Who does it.")
    async def assignee(self, info: Request) -> Sender:
        return await info.context.loaders.sender.load(self.assignee_id)

    @strawberry.field(description="The step that it belongs to.")
    async def step(self, info: Request) -> Step:
        return await info.context.loaders.step.load(self.step_id)

    @strawberry.field(description="The person's way through the campaign.")
    async def enrollment(self, info: Request) -> Annotated["Enrollment", strawberry.lazy("api.graphql.enrollments")]:
        return await info.context.loaders.enrollment.load(self.enrollment_id)

    @strawberry.field(
        metadata=cost(1_500, queries=True),
        description="The email of an open EMAIL task, to edit and send; null for every other task.",
    )
    async def composition(self, info: Request) -> Composition | None:
        expired = self.status is TaskStatus.EXPIRED and self.done_at is None
        if self.type is not StepType.EMAIL or not (expired or self.status is TaskStatus.OPEN):
            return None
        enrollment = await info.context.loaders.enrollment.load(self.enrollment_id)
        if enrollment.status is not EnrollmentStatus.ACTIVE:
            return None
        return shown(await compose(info.context.workspace_context, self.id))

    @strawberry.field(
        description="The email that was scheduled or sent from an EMAIL task, whatever became of it; null when there "
        "is none, or it was withdrawn."
    )
    async def email(self, info: Request) -> Email | None:
        emails = await info.context.loaders.emails_of_enrollment.load(self.enrollment_id)
        theirs = (email for email in emails if email.by_hand and email.step_id == self.step_id)
        return next(theirs, None)


@strawberry.type
class TaskQuery:
    @strawberry.field(metadata=cost(100, queries=True), description="One task.")
    async def task(self, info: Request, id: strawberry.ID) -> Task | None:
        return from_row(Task, await reading.task(info.context.workspace_context, id))

    @strawberry.field(
        metadata=page_cost(),
        description="Tasks of the Command Center, of a status or due at some time, in the order in which they were "
        "created (by id).",
    )
    async def tasks(
        self,
        info: Request,
        status: TaskStatus | None = None,
        due: TaskDue | None = None,
        first: First = 50,
        after: After = None,
    ) -> Connection[Task]:
        return await connect(await reading.tasks(info.context.workspace_context, status, due), first, after)
