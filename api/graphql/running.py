"""What runs: enrollments, emails, tasks and the Live Feed."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, cast

import strawberry
from strawberry.scalars import JSON

from api.graphql.campaigns import Campaign, Step
from api.graphql.compositions import Composition, shown
from api.graphql.content import Sender
from api.graphql.engine.context import Request
from api.graphql.engine.enums import BounceKind, EnrollmentStatus, Priority, SendStatus, StepType, TaskStatus
from api.graphql.engine.language import Language
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import EXPLANATION, STEPS
from api.graphql.people import Person
from api.services.enrollments.timelines import spoken
from api.services.tasks.tasks import compose, compose_email
from api.states import UNBEGUN_STATUSES
from strategies.sentences import sentence


@strawberry.enum(description="What a step has become for one person.")
class StepState(StrEnum):
    """EMAIL: see `email`. TASK: see `task`. WAITING: a task blocks it. NEVER: it does not come to this person."""

    EMAIL = "EMAIL"
    TASK = "TASK"
    WAITING = "WAITING"
    NEVER = "NEVER"


@strawberry.type(description="One line of an explanation.")
class ExplanationLine:
    """A note, spoken."""

    code: str = strawberry.field(
        description="For programs, such as `DAY` or `SAME_TIME`. docs/explanations.md lists them."
    )
    sentence: str = strawberry.field(description="For people.")
    values: JSON = strawberry.field(description="The values that stand in the sentence.")


def explain(info: Request, explanation: Any, language: str) -> list[ExplanationLine]:
    """Say a stored explanation."""
    options = info.context.workspace_context.installed.send_options.values()
    return [
        ExplanationLine(code=note.code, sentence=sentence(note, language, options), values=JSON(dict(note.values)))
        for note in spoken(explanation)
    ]


@strawberry.type(description="One email to one person, with an instant.")
class Email:
    """A row of api.models.Send."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    status: SendStatus = strawberry.field(description="Where it stands.")
    due_at: datetime = strawberry.field(
        description="When it goes out, or is tried again; in doubt, when it may be resent as inDoubtResends says. UTC."
    )
    planned_at: datetime = strawberry.field(description="The instant that it was planned for. UTC.")
    planned_date: date = strawberry.field(description="The date that it was planned for, in `zone`.")
    planned_time: str = strawberry.field(description="The wall time that it was planned for, HH:MM:SS, in `zone`.")
    zone: str = strawberry.field(description="IANA zone of date and wall time.")
    by_hand: bool = strawberry.field(description="Whether a person sent it, from a task.")
    attempts: int = strawberry.field(description="How often the mail server asked to try again later.")
    doubts: int = strawberry.field(description="How often it was sent again by itself after a doubt.")
    sent_at: datetime | None = strawberry.field(description="When it left. UTC.")
    message_id: str | None = strawberry.field(description="Message-ID of the email that left.")
    recipient: str | None = strawberry.field(
        description="The address that it was handed over for, whatever address the person has since; null until it "
        "begins to leave, and for emails that left before this was recorded."
    )
    reason: str | None = strawberry.field(description="Why it did not go out, for programs: such as `UNSUBSCRIBED`.")
    detail: str = strawberry.field(description="Why it did not go out, or what the mail server said, for people.")
    bounce: BounceKind | None = strawberry.field(description="Of a BOUNCED email, the kind of bounce; else null.")
    bounced_at: datetime | None = strawberry.field(
        description="When it was rejected, or recorded as having come back. UTC."
    )
    archived: bool = strawberry.field(description="Whether it was moved to the archive.")
    held: bool = strawberry.field(description="Whether it is on hold, because its campaign is or was just paused.")
    person_id: strawberry.Private[str]
    sender_id: strawberry.Private[str]
    step_id: strawberry.Private[str]
    enrollment_id: strawberry.Private[str]

    @strawberry.field(
        metadata=cost(30, size=EXPLANATION), description="How the instant came about, from the base day on."
    )
    def explanation(self, info: Request, language: Language = "en") -> list[ExplanationLine]:
        """Spoken in a language."""
        return explain(info, cast(Any, self).explanation, language)

    @strawberry.field(
        description="The subject that a person wrote for it, sent as it is; null: the subject of its step is rendered."
    )
    def written_subject(self) -> str | None:
        """A column of another name."""
        return cast("str | None", cast(Any, self).subject)

    @strawberry.field(
        metadata=cost(20),
        description="The HTML that a person wrote for it, sent as it is; null: the template of its step is rendered.",
    )
    def written_html(self) -> str | None:
        """A column of another name."""
        return cast("str | None", cast(Any, self).html)

    @strawberry.field(
        metadata=cost(1_500, queries=True),
        description="What it will say, rendered for its person with the dates of `dueAt`, to edit and to give to "
        "`editEmail`; null unless it is scheduled (SCHEDULED, DEFERRED or CLAIMED).",
    )
    async def composition(self, info: Request) -> Composition | None:
        """Rendered as it would leave."""
        if self.status not in UNBEGUN_STATUSES:
            return None
        return shown(await compose_email(info.context.workspace_context, self.id))

    @strawberry.field(description="To whom.")
    async def person(self, info: Request) -> Person:
        """Loaded with all others."""
        return cast(Person, await info.context.loaders.person.load(self.person_id))

    @strawberry.field(description="From whom.")
    async def sender(self, info: Request) -> Sender:
        """Loaded with all others."""
        return cast(Sender, await info.context.loaders.sender.load(self.sender_id))

    @strawberry.field(description="The step that it belongs to.")
    async def step(self, info: Request) -> Step:
        """Loaded with all others."""
        return cast(Step, await info.context.loaders.step.load(self.step_id))

    @strawberry.field(description="The person's way through the campaign.")
    async def enrollment(self, info: Request) -> "Enrollment":
        """Loaded with all others."""
        return cast(Enrollment, await info.context.loaders.enrollment.load(self.enrollment_id))


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

    @strawberry.field(
        metadata=cost(30, size=EXPLANATION), description="How the due date came about, from the base day on."
    )
    def explanation(self, info: Request, language: Language = "en") -> list[ExplanationLine]:
        """Spoken in a language."""
        return explain(info, cast(Any, self).explanation, language)

    @strawberry.field(description="About whom.")
    async def person(self, info: Request) -> Person:
        """Loaded with all others."""
        return cast(Person, await info.context.loaders.person.load(self.person_id))

    @strawberry.field(description="Who does it.")
    async def assignee(self, info: Request) -> Sender:
        """Loaded with all others."""
        return cast(Sender, await info.context.loaders.sender.load(self.assignee_id))

    @strawberry.field(description="The step that it belongs to.")
    async def step(self, info: Request) -> Step:
        """Loaded with all others."""
        return cast(Step, await info.context.loaders.step.load(self.step_id))

    @strawberry.field(description="The person's way through the campaign.")
    async def enrollment(self, info: Request) -> "Enrollment":
        """Loaded with all others."""
        return cast(Enrollment, await info.context.loaders.enrollment.load(self.enrollment_id))

    @strawberry.field(
        metadata=cost(1_500, queries=True),
        description="The email of an open EMAIL task, to edit and send; null for every other task.",
    )
    async def composition(self, info: Request) -> Composition | None:
        """Rendered as it would leave."""
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
        """Loaded with all others."""
        emails = await info.context.loaders.sends_of_enrollment.load(self.enrollment_id)
        theirs = (email for email in emails if email.by_hand and email.step_id == self.step_id)
        return cast("Email | None", next(theirs, None))


@strawberry.type(description="What one step has become for one person.")
class StepProgress:
    """A step with its email or task."""

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
        """Loaded with all others."""
        return cast(Campaign, await info.context.loaders.campaign.load(self.campaign_id))

    @strawberry.field(description="The person.")
    async def person(self, info: Request) -> Person:
        """Loaded with all others."""
        return cast(Person, await info.context.loaders.person.load(self.person_id))

    @strawberry.field(
        metadata=cost(30, size=STEPS), description="Every step of the campaign, and what it has become for this person."
    )
    async def progress(self, info: Request) -> list[StepProgress]:
        """Steps, emails and tasks, each loaded with all others."""
        loaders = info.context.loaders
        emails = {send.step_id: send for send in await loaders.sends_of_enrollment.load(self.id)}
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


@strawberry.type(description="One line of the Live Feed, written in the transaction of what it tells.")
class Event:
    """A row of api.models.Event."""

    id: strawberry.ID = strawberry.field(description="Identifier; ascending in the order of writing.")
    kind: str = strawberry.field(
        description="What happened: CAMPAIGN_LAUNCHED, EMAIL_SENT, REPLIED, … docs/errors.md lists them all."
    )
    at: datetime = strawberry.field(description="When it happened. UTC, by the workspace's clock.")
    data: JSON = strawberry.field(description="More about it, such as the reason.")
    person_id: strawberry.Private[str | None]
    campaign_id: strawberry.Private[str | None]
    enrollment_id: strawberry.Private[str | None]
    send_id: strawberry.Private[str | None]
    task_id: strawberry.Private[str | None]

    @strawberry.field(description="Whom it is about.")
    async def person(self, info: Request) -> Person | None:
        """Loaded with all others."""
        return cast("Person | None", self.person_id and await info.context.loaders.person.load(self.person_id))

    @strawberry.field(description="The campaign that it belongs to.")
    async def campaign(self, info: Request) -> Campaign | None:
        """Loaded with all others; what happens to an email names it by its enrollment alone."""
        campaign_id, loaders = self.campaign_id, info.context.loaders
        if campaign_id is None and self.enrollment_id is not None:
            enrollment = await loaders.enrollment.load(self.enrollment_id)
            campaign_id = enrollment and enrollment.campaign_id
        return cast("Campaign | None", campaign_id and await loaders.campaign.load(campaign_id))

    @strawberry.field(description="The email that it is about.")
    async def email(self, info: Request) -> Email | None:
        """Loaded with all others."""
        return cast("Email | None", self.send_id and await info.context.loaders.send.load(self.send_id))

    @strawberry.field(description="The task that it is about.")
    async def task(self, info: Request) -> Task | None:
        """Loaded with all others."""
        return cast("Task | None", self.task_id and await info.context.loaders.task.load(self.task_id))
