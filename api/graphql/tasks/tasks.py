"""Tasks: types and queries."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.graphql.arguments.ids import TaskId
from api.graphql.campaigns.steps import Step
from api.graphql.crm.crm_tasks import CrmTask, crm_task_of
from api.graphql.emails.emails import Email
from api.graphql.engine.enums.table_enums import EnrollmentStatus, Priority, StepType, TaskStatus
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.language import Language
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.node_interface import Node
from api.graphql.engine.rows import from_row
from api.graphql.enrollments.explanations import ExplanationLine, explain
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import EXPLANATION
from api.graphql.people.people import Person
from api.graphql.sort_orders import order_of
from api.graphql.tasks.compositions import Composition, Draft, composition_of, draft_of
from api.graphql.tasks.task_filters import TaskCount, TaskFilter, TasksOrderBy, TasksWhere, read_filter
from api.graphql.workspaces.senders import Sender
from api.services.compose.compose_windows import compose
from api.services.tasks import composing, task_reads

if TYPE_CHECKING:
    from api.graphql.campaigns.campaigns import Campaign
    from api.graphql.enrollments.enrollments import Enrollment


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
    about_send_id: strawberry.Private[str | None]
    assignee_id: strawberry.Private[str]
    step_id: strawberry.Private[str | None]
    enrollment_id: strawberry.Private[str | None]
    campaign_id: strawberry.Private[str | None]
    planned_date: strawberry.Private[date | None]
    explanation: strawberry.Private[Any]
    draft_version: strawberry.Private[int]

    @strawberry.field(
        name="explanation",
        metadata=cost(30, size=EXPLANATION),
        description="How the due date was calculated, step by step, starting from the base day.",
    )
    def explanation_lines(self, info: Request, language: Language = "en") -> list[ExplanationLine]:
        moved = [["TASK_RESCHEDULED", {"date": self.due_date.isoformat()}]] if self.planned_date is not None else []
        return explain(info, [*self.explanation, *moved], language)

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
    async def campaign(
        self, info: Request
    ) -> Annotated["Campaign", strawberry.lazy("api.graphql.campaigns.campaigns")] | None:
        return None if self.campaign_id is None else await info.context.loaders.campaign.load(self.campaign_id)

    @strawberry.field(description="The campaign step that created the task; null if it was created by hand.")
    async def step(self, info: Request) -> Step | None:
        return None if self.step_id is None else await info.context.loaders.step.load(self.step_id)

    @strawberry.field(description="The person's enrollment in the campaign; null if the task was created by hand.")
    async def enrollment(
        self, info: Request
    ) -> Annotated["Enrollment", strawberry.lazy("api.graphql.enrollments.enrollments")] | None:
        return None if self.enrollment_id is None else await info.context.loaders.enrollment.load(self.enrollment_id)

    @strawberry.field(
        metadata=cost(1_500, queries=True),
        description="The email of an open EMAIL task, to edit and send; null for every other task. Of a task that was "
        "created by hand it is the draft, or a text with the sender's signature only.",
    )
    async def composition(self, info: Request) -> Composition | None:
        expired = self.status is TaskStatus.EXPIRED and self.done_at is None
        if self.type is not StepType.EMAIL or not (expired or self.status is TaskStatus.OPEN):
            return None
        if self.enrollment_id is not None:
            enrollment = await info.context.loaders.enrollment.load(self.enrollment_id)
            if enrollment.status is not EnrollmentStatus.ACTIVE:
                return None
        return composition_of(await compose(info.context.workspace_context, self.id))

    @strawberry.field(
        description="What a rep has saved of the email of an open EMAIL task (`saveDraft`), or the text of its email "
        "that was withdrawn; null if there is none."
    )
    async def draft(self, info: Request) -> Draft | None:
        saved = await info.context.loaders.draft_of_task.load(str(self.id))
        return None if saved is None else draft_of(composing.draft_of(saved, self.draft_version))

    @strawberry.field(
        description="The email that was scheduled or sent from an EMAIL task, whatever its status; null if there is "
        "none, or it was withdrawn. Of a task that was created by hand, also its draft: a one-off email."
    )
    async def email(self, info: Request) -> Email | None:
        if self.enrollment_id is None:
            return await info.context.loaders.email_of_hand_task.load(str(self.id))
        emails = await info.context.loaders.emails_of_enrollment.load(self.enrollment_id)
        theirs = (email for email in emails if email.by_hand and email.step_id == self.step_id)
        return next(theirs, None)

    @strawberry.field(
        description="The email that a task created by hand is about, such as one that was clicked; null if it is about "
        "none."
    )
    async def about_email(self, info: Request) -> Email | None:
        return await info.context.loaders.email.load(self.about_send_id) if self.about_send_id else None

    @strawberry.field(description="The copy of the task in the connected CRM; null if the task is not synced.")
    async def crm(self, info: Request) -> CrmTask | None:
        return crm_task_of(await info.context.loaders.crm_of_task.load(str(self.id)))


@strawberry.type
class TaskQuery:
    @strawberry.field(
        metadata=cost(100, queries=True), description="The task with this id; null if the workspace has none."
    )
    async def task(self, info: Request, id: TaskId) -> Task | None:
        return from_row(Task, await task_reads.task(info.context.workspace_context, id))

    @strawberry.field(metadata=page_cost(), description="Tasks of the Command Center, in the order of `dueDate`.")
    async def tasks(
        self,
        info: Request,
        filter: TasksWhere = None,
        order_by: TasksOrderBy = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Task]:
        chosen = read_filter(filter, "filter")
        rows = await task_reads.tasks(info.context.workspace_context, chosen, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)

    @strawberry.field(
        metadata=cost(500, sized_by=("filters",), size_most=task_reads.MAX_FILTERS, each=1_000, queries=True),
        description="The number of tasks of each filter, in the order of `filters`: for the badges of a screen, in one "
        "query.",
    )
    async def task_counts(
        self,
        info: Request,
        filters: Annotated[list[TaskFilter], strawberry.argument(description="The filters whose tasks are counted.")],
    ) -> list[TaskCount]:
        chosen = [read_filter(each, "filters", str(index)) for index, each in enumerate(filters)]
        counts = await task_reads.count_tasks(info.context.workspace_context, chosen)
        return [TaskCount(count=each.number, is_exact=each.exact) for each in counts]
