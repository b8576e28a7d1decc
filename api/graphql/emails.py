"""Emails: types and queries."""

from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.graphql.compositions import Composition, shown
from api.graphql.engine.context import Request
from api.graphql.engine.enums import BounceKind, SendStatus
from api.graphql.engine.language import Language
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.graphql.engine.rows import from_row
from api.graphql.explanations import ExplanationLine, explain
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import EXPLANATION
from api.graphql.people import Person
from api.graphql.senders import Sender
from api.graphql.steps import Step
from api.services.emails import reading
from api.services.tasks.tasks import compose_email
from api.states import UNBEGUN_STATUSES

if TYPE_CHECKING:
    from api.graphql.enrollments import Enrollment


def _folder(value: str, description: str) -> Any:
    return strawberry.enum_value(value, description=description)


@strawberry.enum(description="The folders of the Command Center. Three of them hold several others.")
class EmailFolder(Enum):
    DELIVERED = _folder("DELIVERED", "Sent, not archived.")
    ARCHIVED = _folder("ARCHIVED", "Sent, and moved to the archive.")
    SCHEDULED = _folder("SCHEDULED", "Waits for its time, or to be tried again (SCHEDULED and DEFERRED).")
    IN_PROGRESS = _folder("IN_PROGRESS", "A process has it in hand (CLAIMED and TRANSMITTING).")
    FAILED = _folder("FAILED", "Did not go out, and will not by itself.")
    BOUNCED = _folder("BOUNCED", "The recipient's server rejected it, or it was sent and came back. See `bounce`.")
    IN_DOUBT = _folder("IN_DOUBT", "May have left or not: a person decides by `resolveInDoubt`.")
    SENT = _folder("SENT", "All that was sent and did not come back: DELIVERED and ARCHIVED.")
    PENDING = _folder("PENDING", "All that is still to come: SCHEDULED and IN_PROGRESS.")
    UNDELIVERED = _folder("UNDELIVERED", "All that went wrong: FAILED, BOUNCED and IN_DOUBT.")


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
    explanation: strawberry.Private[Any]
    subject: strawberry.Private[str | None]
    html: strawberry.Private[str | None]

    @strawberry.field(
        name="explanation",
        metadata=cost(30, size=EXPLANATION),
        description="How the instant came about, from the base day on.",
    )
    def explanation_lines(self, info: Request, language: Language = "en") -> list[ExplanationLine]:
        return explain(info, self.explanation, language)

    @strawberry.field(
        description="The subject that a person wrote for it, sent as it is; null: the subject of its step is rendered."
    )
    def written_subject(self) -> str | None:
        return self.subject

    @strawberry.field(
        metadata=cost(20),
        description="The HTML that a person wrote for it, sent as it is; null: the template of its step is rendered.",
    )
    def written_html(self) -> str | None:
        return self.html

    @strawberry.field(
        metadata=cost(1_500, queries=True),
        description="What it will say, rendered for its person with the dates of `dueAt`, to edit and to give to "
        "`editEmail`; null unless it is scheduled (SCHEDULED, DEFERRED or CLAIMED).",
    )
    async def composition(self, info: Request) -> Composition | None:
        if self.status not in UNBEGUN_STATUSES:
            return None
        return shown(await compose_email(info.context.workspace_context, self.id))

    @strawberry.field(description="To whom.")
    async def person(self, info: Request) -> Person:
        return await info.context.loaders.person.load(self.person_id)

    @strawberry.field(description="From whom.")
    async def sender(self, info: Request) -> Sender:
        return await info.context.loaders.sender.load(self.sender_id)

    @strawberry.field(description="The step that it belongs to.")
    async def step(self, info: Request) -> Step:
        return await info.context.loaders.step.load(self.step_id)

    @strawberry.field(description="The person's way through the campaign.")
    async def enrollment(self, info: Request) -> Annotated["Enrollment", strawberry.lazy("api.graphql.enrollments")]:
        return await info.context.loaders.enrollment.load(self.enrollment_id)


@strawberry.type
class EmailQuery:
    @strawberry.field(metadata=cost(100, queries=True), description="One email.")
    async def email(self, info: Request, id: strawberry.ID) -> Email | None:
        return from_row(Email, await reading.email(info.context.workspace_context, id))

    @strawberry.field(
        metadata=page_cost(),
        description="Emails of a folder of the Command Center, or all, in the order in which they were created (by "
        "id).",
    )
    async def emails(
        self, info: Request, folder: EmailFolder | None = None, first: First = 50, after: After = None
    ) -> Connection[Email]:
        return await connect(reading.emails(info.context.workspace_context, folder and folder.name), first, after)
