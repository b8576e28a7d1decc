"""Enrollments: types, queries and mutations."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from api.graphql.arguments.ids import EnrollmentId
from api.graphql.campaigns.campaigns import Campaign
from api.graphql.campaigns.steps import Step
from api.graphql.emails.emails import Email
from api.graphql.engine.enums.table_enums import EnrollmentStatus
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.node_interface import Node
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.enrollments.enrollment_filters import EnrollmentsOrderBy, EnrollmentsWhere, read_filter
from api.graphql.launches.launch_senders import sender_of
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import STEPS
from api.graphql.people.people import Person
from api.graphql.sort_orders import order_of
from api.graphql.tasks.tasks import Task
from api.graphql.workspaces.senders import Sender
from api.services.campaigns.ending import ending
from api.services.enrollments import enrollment_reads


@strawberry.enum(description="Whether a step has an email or a task for one person, or neither.")
class StepState(Enum):
    EMAIL = strawberry.enum_value("EMAIL", description="It has an email; see `email`.")
    TASK = strawberry.enum_value(
        "TASK", description="It has a task; see `task`, and `email` for an email sent from it."
    )
    WAITING = strawberry.enum_value(
        "WAITING", description="It is blocked until an earlier task is done, or until its send option works again."
    )
    NEVER = strawberry.enum_value("NEVER", description="This person does not get it.")


@strawberry.type(description="One step of the campaign for one person, with its email or task.")
class StepProgress:
    step: Step = strawberry.field(description="The campaign step that this is about.")
    state: StepState = strawberry.field(description="Whether the step has an email, a task or neither yet.")
    email: Email | None = strawberry.field(
        description="The step's email to this person, automatic or sent from a task; null if there is none."
    )
    task: Task | None = strawberry.field(description="The step's task for this person; null if there is none.")


@strawberry.type(description="One person going through one campaign.")
class Enrollment(Node):
    """A row of api.models.Enrollment."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the enrollment: `enr_` and 26 lower-case letters and digits."
    )
    status: EnrollmentStatus = strawberry.field(
        description="Whether the campaign is active for the person, or how it ended."
    )
    zone: str = strawberry.field(
        description="IANA time zone of this person's days and times of day, such as `Europe/Berlin`."
    )
    launched_at: datetime = strawberry.field(description="When the campaign was launched for this person. UTC.")
    send_at: datetime | None = strawberry.field(
        description="The send time of the first email that was chosen at launch, UTC; null if none was."
    )
    end_reason: str | None = strawberry.field(
        description="Why the campaign ended for the person, such as REPLIED, BOUNCED, UNSUBSCRIBED or "
        "REMOVED. If the status is FINISHED: which of these happened afterwards. Null if none happened."
    )
    ended_at: datetime | None = strawberry.field(
        description="When the campaign finished or ended for the person, UTC; null while it is active."
    )
    waits_from: int | None = strawberry.field(
        name="waitsFromStep",
        description="Number of the first step that has no plan, because a send option failed when it was planned. The "
        "emails from it on wait until the option works. Null, as usual, if all steps are planned.",
    )
    waits_for: str | None = strawberry.field(
        name="waitsForReason",
        description=(
            "Code of the failure for which the person waits, such as `SEND_OPTION_PAUSED`; null if `waitsFromStep` is "
            "null."
        ),
    )
    campaign_id: strawberry.Private[str]
    person_id: strawberry.Private[str]
    sender_id: strawberry.Private[str | None]

    @strawberry.field(description="Who sends the person's emails and gets their tasks: the sender chosen at launch.")
    async def sender(self, info: Request) -> Sender:
        return await sender_of(info, self.sender_id, self.campaign_id)

    @strawberry.field(description="The campaign in which the person is enrolled.")
    async def campaign(self, info: Request) -> Campaign:
        return await info.context.loaders.campaign.load(self.campaign_id)

    @strawberry.field(description="The person who is enrolled.")
    async def person(self, info: Request) -> Person:
        return await info.context.loaders.person.load(self.person_id)

    @strawberry.field(
        metadata=cost(size=STEPS), description="The emails of the campaign to the person, in the order of creation."
    )
    async def emails(self, info: Request) -> list[Email]:
        return await info.context.loaders.emails_of_enrollment.load(str(self.id))

    @strawberry.field(
        metadata=cost(size=STEPS), description="The tasks of the campaign about the person, in the order of creation."
    )
    async def tasks(self, info: Request) -> list[Task]:
        return await info.context.loaders.tasks_of_enrollment.load(str(self.id))

    @strawberry.field(
        metadata=cost(30, size=STEPS), description="Every step of the campaign, with its email or task for this person."
    )
    async def progress(self, info: Request) -> list[StepProgress]:
        loaders = info.context.loaders
        emails = {send.step_id: send for send in await loaders.emails_of_enrollment.load(self.id)}
        tasks = {task.step_id: task for task in await loaders.tasks_of_enrollment.load(self.id)}
        steps = await loaders.every_step_of_campaign.load(self.campaign_id)
        # Steps are scheduled up to the first open task, or to the step whose send option fails. Later ones may still
        # come. A step before it that has neither an email nor a task was added when its time had passed.
        blocking = [step.number for step in steps if step.id in tasks and tasks[step.id].done_at is None]
        if self.waits_from is not None:
            blocking.append(self.waits_from - 1)
        active = self.status is EnrollmentStatus.ACTIVE

        def state(step: Step) -> StepState:
            if step.id in tasks:
                return StepState.TASK
            if step.id in emails:
                return StepState.EMAIL
            return StepState.WAITING if active and any(step.number > each for each in blocking) else StepState.NEVER

        return [
            StepProgress(step=step, state=state(step), email=emails.get(step.id), task=tasks.get(step.id))
            for step in steps
            if step.removed_at is None or step.id in tasks or step.id in emails
        ]


Success = Annotated[
    bool,
    strawberry.argument(
        description="True: the campaign ends as SUCCEEDED, also if the person has finished it. False: as ENDED."
    ),
]


@strawberry.type
class EnrollmentQuery:
    @strawberry.field(
        metadata=cost(100, queries=True), description="The enrollment with this id; null if the workspace has none."
    )
    async def enrollment(self, info: Request, id: EnrollmentId) -> Enrollment | None:
        return from_row(Enrollment, await enrollment_reads.enrollment(info.context.workspace_context, id))

    @strawberry.field(
        metadata=page_cost(),
        description="Enrollments, in the order in which they were created.",
    )
    async def enrollments(
        self,
        info: Request,
        filter: EnrollmentsWhere = None,
        order_by: EnrollmentsOrderBy = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Enrollment]:
        context = info.context.workspace_context
        rows = await enrollment_reads.enrollments(context, read_filter(filter), order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)


@strawberry.type(description="Result of the mutations on enrollments: the enrollment, or errors.")
class EnrollmentPayload(Payload):
    enrollment: Enrollment | None = strawberry.field(
        default=None, description="The enrollment after the change; null if there are errors."
    )


@strawberry.type
class EnrollmentMutation:
    @mutation(
        description="End a campaign for one person: open tasks are cancelled, and pending emails fail "
        "with `CAMPAIGN_ENDED`."
    )
    async def end_enrollment(
        self,
        info: Request,
        id: EnrollmentId,
        success: Success = False,
    ) -> EnrollmentPayload:
        row = await ending.end_enrollment(info.context.workspace_context, id, success=success)
        return EnrollmentPayload(enrollment=from_row(Enrollment, row))
