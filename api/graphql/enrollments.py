"""Enrollments: types, queries and mutations."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import strawberry

from api.graphql.campaigns import Campaign
from api.graphql.emails import Email
from api.graphql.engine.context import Request
from api.graphql.engine.enums import BounceKind, EnrollmentStatus
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import STEPS
from api.graphql.people import Person
from api.graphql.steps import Step
from api.graphql.tasks import Task
from api.services.campaigns import endings
from api.services.enrollments import reading
from api.services.replies import bounces


@strawberry.enum(description="What a step has become for one person.")
class StepState(StrEnum):
    EMAIL = "EMAIL"
    TASK = "TASK"
    WAITING = "WAITING"
    NEVER = "NEVER"


@strawberry.type(description="What one step has become for one person.")
class StepProgress:
    step: Step = strawberry.field(description="The step.")
    state: StepState = strawberry.field(description="What it has become.")
    email: Email | None = strawberry.field(description="Its email, automatic or sent by hand.")
    task: Task | None = strawberry.field(description="Its task.")


@strawberry.type(description="One person going through one campaign.")
class Enrollment:
    """A row of api.models.Enrollment."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    status: EnrollmentStatus = strawberry.field(description="Where the person stands.")
    zone: str = strawberry.field(description="IANA zone in which this person's days and times are meant.")
    launched_at: datetime = strawberry.field(description="When the campaign was launched for this person. UTC.")
    send_at: datetime | None = strawberry.field(description="The send-at that launching chose. UTC.")
    end_reason: str | None = strawberry.field(
        description="Why it ended: REPLIED, BOUNCED, UNSUBSCRIBED, REMOVED, …; when FINISHED, which of these came "
        "after that, if one did."
    )
    ended_at: datetime | None = strawberry.field(description="When it finished or ended. UTC.")
    campaign_id: strawberry.Private[str]
    person_id: strawberry.Private[str]

    @strawberry.field(description="The campaign.")
    async def campaign(self, info: Request) -> Campaign:
        return await info.context.loaders.campaign.load(self.campaign_id)

    @strawberry.field(description="The person.")
    async def person(self, info: Request) -> Person:
        return await info.context.loaders.person.load(self.person_id)

    @strawberry.field(
        metadata=cost(30, size=STEPS), description="Every step of the campaign, and what it has become for this person."
    )
    async def progress(self, info: Request) -> list[StepProgress]:
        loaders = info.context.loaders
        emails = {send.step_id: send for send in await loaders.emails_of_enrollment.load(self.id)}
        tasks = {task.step_id: task for task in await loaders.tasks_of_enrollment.load(self.id)}
        # What comes next is scheduled up to the first task that is not done; a step that was added may be passed.
        waits = self.status is EnrollmentStatus.ACTIVE and any(task.done_at is None for task in tasks.values())

        def state(step_id: str) -> StepState:
            if step_id in tasks:
                return StepState.TASK
            if step_id in emails:
                return StepState.EMAIL
            return StepState.WAITING if waits else StepState.NEVER

        return [
            StepProgress(step=step, state=state(step.id), email=emails.get(step.id), task=tasks.get(step.id))
            for step in await loaders.every_step_of_campaign.load(self.campaign_id)
            if step.removed_at is None or step.id in tasks or step.id in emails
        ]


@strawberry.type
class EnrollmentQuery:
    @strawberry.field(metadata=cost(100, queries=True), description="One person's way through one campaign.")
    async def enrollment(self, info: Request, id: strawberry.ID) -> Enrollment | None:
        return from_row(Enrollment, await reading.enrollment(info.context.workspace_context, id))

    @strawberry.field(
        metadata=page_cost(),
        description="Enrollments, of one campaign or person or of all.",
    )
    async def enrollments(
        self,
        info: Request,
        campaign_id: strawberry.ID | None = None,
        person_id: strawberry.ID | None = None,
        status: EnrollmentStatus | None = None,
        first: First = 50,
        after: After = None,
    ) -> Connection[Enrollment]:
        rows = reading.enrollments(info.context.workspace_context, campaign_id, person_id, status)
        return await connect(rows, first, after)


@strawberry.type(description="The enrollment, or why not.")
class EnrollmentPayload(Payload):
    enrollment: Enrollment | None = strawberry.field(default=None, description="The enrollment as it is now.")


@strawberry.type
class EnrollmentMutation:
    @mutation(description="Record a person's reply. The campaign's setting decides whether it ends for them.")
    async def record_reply(self, info: Request, enrollment_id: strawberry.ID) -> EnrollmentPayload:
        row = await endings.record_reply(info.context.workspace_context, enrollment_id)
        return EnrollmentPayload(enrollment=from_row(Enrollment, row))

    @mutation(
        description="Record that an email came back: the given one, else the last that was sent. HARD, the default, "
        "sets the person's `bouncedAt` and ends their campaigns that have Remove on Bounce. SOFT marks the email alone."
    )
    async def record_bounce(
        self,
        info: Request,
        enrollment_id: Annotated[strawberry.ID, strawberry.argument(description="Whose email came back.")],
        email_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="The email that came back; left out, the last one that was sent."),
        ] = None,
        kind: Annotated[
            BounceKind,
            strawberry.argument(description="HARD: no such user or host, or moved. SOFT: everything else."),
        ] = BounceKind.HARD,
        detail: Annotated[
            str | None,
            strawberry.argument(
                description="Why it came back, for people, such as `552 5.2.2 mailbox full`: one line of up to 500 "
                "characters, kept as the email's `detail`."
            ),
        ] = None,
    ) -> EnrollmentPayload:
        context = info.context.workspace_context
        row = await bounces.record_bounce(context, enrollment_id, send_id=email_id, kind=kind, detail=detail)
        return EnrollmentPayload(enrollment=from_row(Enrollment, row))

    @mutation(description="End a campaign for one person: open tasks are cancelled, pending emails fail.")
    async def end_enrollment(self, info: Request, id: strawberry.ID) -> EnrollmentPayload:
        row = await endings.end_enrollment(info.context.workspace_context, id)
        return EnrollmentPayload(enrollment=from_row(Enrollment, row))
