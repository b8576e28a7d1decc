"""Tasks: types and queries."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.codes.tasks import TaskCode
from api.graphql.arguments.ids import TaskId
from api.graphql.compositions import Composition, composition_of
from api.graphql.emails import Email
from api.graphql.engine.context import Request
from api.graphql.engine.enums import EnrollmentStatus, Priority, StepType, TaskDue, TaskStatus
from api.graphql.engine.language import Language
from api.graphql.engine.nodes import Node
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.graphql.engine.rows import from_row
from api.graphql.explanations import ExplanationLine, explain
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import EXPLANATION
from api.graphql.people import Person
from api.graphql.senders import Sender
from api.graphql.steps import Step
from api.graphql.task_filters import TaskCount, TaskFilter, read_filter
from api.services.tasks import queries
from api.services.tasks.tasks import compose
from strategies import Refusal

if TYPE_CHECKING:
    from api.graphql.campaigns import Campaign
    from api.graphql.enrollments import Enrollment


@strawberry.type(
    description="Work of a rep for one person: an email, a call, an InMail or a custom task. A campaign "
    "creates it, or a user by `createTask`."
)
class Task(Node):
    """A row of api.models.Task."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the task: `tsk_` and 26 lower-case letters and digits."
    )
    type: StepType = strawberry.field(
        description="Whether the task is an email to send, a call, an InMail or something else."
    )
    name: str = strawberry.field(description="What the rep has to do, such as `First call`.")
    details: str = strawberry.field(description="Notes for the rep, such as a talk track. Empty if there are none.")
    priority: Priority = strawberry.field(description="How urgent the task is.")
    status: TaskStatus = strawberry.field(description="Whether the task is open, or how it ended.")
    due_date: date = strawberry.field(
        description="Date on which the task is due: in the enrollment's time zone, or in "
        "the assignee's if it was created by hand."
    )
    expires_at: datetime | None = strawberry.field(
        description="When the task expires, unless its email is scheduled or in doubt by then, UTC; null: never."
    )
    done_at: datetime | None = strawberry.field(
        description="When the task was completed, its email sent, or the task skipped, UTC; null if it was not."
    )
    outcome: str | None = strawberry.field(
        description="How the call ended, such as `Left voicemail`, from the workspace's `callOutcomes`; null if the "
        "rep gave none, and for other types of task."
    )
    call_reason: str | None = strawberry.field(
        description="Why the rep called, such as `Follow-up`, from the workspace's `callReasons`; null if the rep gave "
        "none, and for other types of task."
    )
    note: str = strawberry.field(
        description="What the rep noted when they completed or skipped the task. Empty if nothing."
    )
    person_id: strawberry.Private[str]
    assignee_id: strawberry.Private[str]
    step_id: strawberry.Private[str | None]
    enrollment_id: strawberry.Private[str | None]
    campaign_id: strawberry.Private[str | None]
    explanation: strawberry.Private[Any]

    @strawberry.field(
        name="explanation",
        metadata=cost(30, size=EXPLANATION),
        description="How the due date was calculated, step by step, starting from the base day.",
    )
    def explanation_lines(self, info: Request, language: Language = "en") -> list[ExplanationLine]:
        return explain(info, self.explanation, language)

    @strawberry.field(description="The person whom the task is about.")
    async def person(self, info: Request) -> Person:
        return await info.context.loaders.person.load(self.person_id)

    @strawberry.field(description="The sender who has to do the task.")
    async def assignee(self, info: Request) -> Sender:
        return await info.context.loaders.sender.load(self.assignee_id)

    @strawberry.field(
        description="Whether a user created the task by `createTask`. Then `campaign`, `step` and `enrollment` are "
        "null."
    )
    def by_hand(self) -> bool:
        return self.enrollment_id is None

    @strawberry.field(description="The campaign that created the task; null if it was created by hand.")
    async def campaign(self, info: Request) -> Annotated["Campaign", strawberry.lazy("api.graphql.campaigns")] | None:
        return None if self.campaign_id is None else await info.context.loaders.campaign.load(self.campaign_id)

    @strawberry.field(description="The campaign step that created the task; null if it was created by hand.")
    async def step(self, info: Request) -> Step | None:
        return None if self.step_id is None else await info.context.loaders.step.load(self.step_id)

    @strawberry.field(description="The person's enrollment in the campaign; null if the task was created by hand.")
    async def enrollment(
        self, info: Request
    ) -> Annotated["Enrollment", strawberry.lazy("api.graphql.enrollments")] | None:
        return None if self.enrollment_id is None else await info.context.loaders.enrollment.load(self.enrollment_id)

    @strawberry.field(
        metadata=cost(1_500, queries=True),
        description="The email of an open EMAIL task of a campaign, to edit and send; null for every other task.",
    )
    async def composition(self, info: Request) -> Composition | None:
        expired = self.status is TaskStatus.EXPIRED and self.done_at is None
        if (
            self.enrollment_id is None
            or self.type is not StepType.EMAIL
            or not (expired or self.status is TaskStatus.OPEN)
        ):
            return None
        enrollment = await info.context.loaders.enrollment.load(self.enrollment_id)
        if enrollment.status is not EnrollmentStatus.ACTIVE:
            return None
        return composition_of(await compose(info.context.workspace_context, self.id))

    @strawberry.field(
        description="The email that was scheduled or sent from an EMAIL task, whatever its status; null "
        "if there is none, or it was withdrawn."
    )
    async def email(self, info: Request) -> Email | None:
        if self.enrollment_id is None:
            return None
        emails = await info.context.loaders.emails_of_enrollment.load(self.enrollment_id)
        theirs = (email for email in emails if email.by_hand and email.step_id == self.step_id)
        return next(theirs, None)


@strawberry.type
class TaskQuery:
    @strawberry.field(
        metadata=cost(100, queries=True), description="The task with this id; null if the workspace has none."
    )
    async def task(self, info: Request, id: TaskId) -> Task | None:
        return from_row(Task, await queries.task(info.context.workspace_context, id))

    @strawberry.field(
        metadata=page_cost(),
        description="Tasks of the Command Center, in the order in which they were created; with `due` or `filter`, by "
        "due date.",
    )
    async def tasks(
        self,
        info: Request,
        status: Annotated[
            TaskStatus | None,
            strawberry.argument(description="Only tasks with this status. If left out, tasks of every status."),
        ] = None,
        due: Annotated[
            TaskDue | None,
            strawberry.argument(
                description="Only tasks due at this time, by today's date in the assignee's time zone. If left "
                "out, whenever they are due."
            ),
        ] = None,
        first: First = 50,
        after: After = None,
        filter: Annotated[
            TaskFilter | None,
            strawberry.argument(
                description="Only tasks that meet this filter. `status` and `due` cannot be given beside it. If left "
                "out, all tasks."
            ),
        ] = None,
    ) -> Connection[Task]:
        if filter is not None:
            if status is not None or due is not None:
                name = "status" if status is not None else "due"
                raise Refusal.of(TaskCode.FILTER_GIVEN_TWICE, (name,), name=name)
            found = await queries.filtered_tasks(info.context.workspace_context, read_filter(filter, "filter"))
            return await connect(found, first, after, info)
        return await connect(await queries.tasks(info.context.workspace_context, status, due), first, after, info)

    @strawberry.field(
        metadata=cost(500, sized_by=("filters",), size_most=queries.MAX_FILTERS, each=1_000, queries=True),
        description="The number of tasks of each filter, in the order of `filters`: for the badges of a screen, in one "
        "query.",
    )
    async def task_counts(
        self,
        info: Request,
        filters: Annotated[list[TaskFilter], strawberry.argument(description="The filters whose tasks are counted.")],
    ) -> list[TaskCount]:
        chosen = [read_filter(each, "filters", str(index)) for index, each in enumerate(filters)]
        counts = await queries.count_tasks(info.context.workspace_context, chosen)
        return [TaskCount(count=each.number, is_exact=each.exact) for each in counts]
