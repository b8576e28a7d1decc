"""Emails: types and queries."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.graphql.arguments.ids import EmailId
from api.graphql.campaigns.steps import Step
from api.graphql.emails.email_actions import ActionFields
from api.graphql.emails.email_filters import EmailFolder, EmailFolderCount, EmailsOrderBy, EmailsWhere, read_filter
from api.graphql.emails.email_waits import WaitFields
from api.graphql.emails.one_off_emails import OneOffEmail, one_off_of_row
from api.graphql.emails.sent_messages import SentFields
from api.graphql.engine.enums.table_enums import BounceKind, SendStatus
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.loading.loaded_fields import loaded_field
from api.graphql.engine.node_interface import Node
from api.graphql.engine.rows import from_row
from api.graphql.launches.chosen_times import ChosenTime, chosen_time_of
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import FOLDERS, REPLIES
from api.graphql.people.people import Person
from api.graphql.replies.replies import Reply
from api.graphql.sort_orders import order_of
from api.graphql.tasks.compositions import Composition, composition_of
from api.graphql.workspaces.senders import Sender
from api.services.emails import email_reads
from api.services.tasks.composing import compose_email
from api.states import UNTRANSMITTED_STATUSES

if TYPE_CHECKING:
    from api.graphql.campaigns.campaigns import Campaign
    from api.graphql.enrollments.enrollments import Enrollment
    from api.graphql.tasks.tasks import Task


@strawberry.type(description="One email to one person, with the instant at which it is sent.")
class Email(SentFields, ActionFields, WaitFields, Node):
    """A row of api.models.Send."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the email: `snd_` and 26 lower-case letters and digits."
    )
    status: SendStatus = strawberry.field(description="State of the email, such as SCHEDULED or SENT.")
    due_at: datetime = strawberry.field(
        description="When the email is due: its send time, the next retry, or, if in doubt, the earliest "
        "automatic resend. A draft has no send time: it is when the draft was begun. UTC."
    )
    planned_at: datetime = strawberry.field(
        description="The send time that the schedule gave the email. It does not change when the email "
        "is retried or late. UTC."
    )
    planned_date: date = strawberry.field(description="The date of `plannedAt`, in `zone`.")
    planned_time: str = strawberry.field(description="The time of day of `plannedAt`, HH:MM:SS, in `zone`.")
    zone: str = strawberry.field(description="IANA time zone of the planned date and time, such as `Europe/Berlin`.")
    by_hand: bool = strawberry.field(description="Whether a rep sends or sent the email from a task.")
    attempts: int = strawberry.field(
        description="Number of times that the email was deferred: the mail server asked to try again later, or the "
        "channel failed before the content was sent. Waiting for an account or for an earlier email does not count. "
        "0 for an email that was sent at the first try."
    )
    doubts: int = strawberry.field(
        description="Number of times that the email was resent automatically while in doubt."
    )
    created_at: datetime | None = strawberry.field(
        description="When the email was created, by the workspace's clock: at the launch, when the task before it was "
        "done, or when a rep began to write it. UTC; null for emails of earlier releases."
    )
    sent_at: datetime | None = strawberry.field(description="When the email was sent, UTC; null if it has not been.")
    message_id: str | None = strawberry.field(
        description="Message-ID header of the email that was sent, such as `<…@example.com>`; null if it has not been."
    )
    recipient: str | None = strawberry.field(
        description="Address to which the email was transmitted, even if the person has another address "
        "by now. Null until transmission begins, and for emails sent before this was "
        "recorded."
    )
    reason: str | None = strawberry.field(
        description="Code of the reason why the email was not sent, such as `UNSUBSCRIBED`; null if nothing is wrong. "
        "docs/errors.md lists the codes."
    )
    detail: str = strawberry.field(
        description="Why the email was not sent, or what the mail server said, for people. Empty if "
        "there is nothing to say."
    )
    bounce: BounceKind | None = strawberry.field(description="Kind of bounce of a BOUNCED email; null for all others.")
    bounced_at: datetime | None = strawberry.field(
        description="When the email was rejected, or recorded as returned, UTC; null if it was not."
    )
    replied_at: datetime | None = strawberry.field(
        description="When a person first replied to the email, UTC; null if no reply is known. Automatic "
        "replies do not count."
    )
    archived: bool = strawberry.field(description="Whether a rep moved the email to the archive.")
    held: bool = strawberry.field(description="Whether the email is on hold until it is released. `wait` says why.")
    person_id: strawberry.Private[str]
    sender_id: strawberry.Private[str]
    step_id: strawberry.Private[str | None]
    enrollment_id: strawberry.Private[str | None]
    subject: strawberry.Private[str | None]
    html: strawberry.Private[str | None]

    @strawberry.field(
        description="The local time in a time zone that a rep chose last (`atLocal`); null if they chose an instant, "
        "or no time."
    )
    def chosen_time(self) -> ChosenTime | None:
        return chosen_time_of(self.explanation)

    @strawberry.field(
        description="Whether a rep sent the email of a task from their own mailbox. Then Touchline knows when, and "
        "maybe `messageId` and `writtenSubject`, but not the content."
    )
    def sent_elsewhere(self) -> bool:
        return any(code == "SENT_ELSEWHERE" for code, _ in self.explanation)

    @strawberry.field(
        description="The subject that a person wrote for this email, sent as it is; null: the step's "
        "subject is rendered."
    )
    def written_subject(self) -> str | None:
        return self.subject

    @strawberry.field(
        metadata=cost(20),
        description="The HTML that a person wrote for this email, sent as it is; null: the step's "
        "template is rendered.",
    )
    def written_html(self) -> str | None:
        return self.html

    @strawberry.field(
        metadata=cost(1_500, queries=True),
        description="Content of the unsent email, rendered for its person with the dates of `dueAt`, to edit and pass "
        "to `editEmail`. Null unless the email is a DRAFT, SCHEDULED, DEFERRED or CLAIMED.",
    )
    async def composition(self, info: Request) -> Composition | None:
        if self.status not in (SendStatus.DRAFT, *UNTRANSMITTED_STATUSES):
            return None
        return composition_of(await compose_email(info.context.workspace_context, self.id))

    @strawberry.field(
        metadata=loaded_field("email_version", "id"),
        description="Increases when somebody changes the text or the time of the email. Pass it as `ifVersion`, so "
        "that "
        "two windows do not overwrite each other. For a one-off email it is `oneOff.version`.",
    )
    async def version(self, info: Request) -> int:
        return await info.context.loaders.email_version.load(str(self.id))

    @strawberry.field(
        metadata=loaded_field("engagement", "id", "opened_at"),
        description="When a person first opened the email, UTC; null if no open is known. Opens are "
        "tracked only if the campaign's `tracking` is OPENS_AND_CLICKS, and many mail programs hide them.",
    )
    async def opened_at(self, info: Request) -> datetime | None:
        return (await info.context.loaders.engagement.load(self.id)).opened_at

    @strawberry.field(
        metadata=loaded_field("engagement", "id", "opens"),
        description="How often people opened the email. Opens of forwarded copies count too. Opens of the same kind of "
        "program within 10 seconds count once.",
    )
    async def opens(self, info: Request) -> int:
        return (await info.context.loaders.engagement.load(self.id)).opens

    @strawberry.field(
        metadata=loaded_field("engagement", "id", "machine_opens"),
        description="How often a machine loaded the invisible image, such as Apple's Mail Privacy Protection. These "
        "are not in `opens`.",
    )
    async def machine_opens(self, info: Request) -> int:
        return (await info.context.loaders.engagement.load(self.id)).machine_opens

    @strawberry.field(
        metadata=loaded_field("engagement", "id", "clicked_at"),
        description="When a person first clicked a link of the email, UTC; null if no click is known.",
    )
    async def clicked_at(self, info: Request) -> datetime | None:
        return (await info.context.loaders.engagement.load(self.id)).clicked_at

    @strawberry.field(
        metadata=loaded_field("engagement", "id", "clicks"),
        description="How often people clicked links of the email.",
    )
    async def clicks(self, info: Request) -> int:
        return (await info.context.loaders.engagement.load(self.id)).clicks

    @strawberry.field(
        metadata=loaded_field("engagement", "id", "machine_clicks"),
        description="How often a machine followed links of the email, such as a security gateway. These are not in "
        "`clicks`.",
    )
    async def machine_clicks(self, info: Request) -> int:
        return (await info.context.loaders.engagement.load(self.id)).machine_clicks

    @strawberry.field(
        metadata=cost(size=REPLIES),
        description="The replies to the email, automatic ones too, in the order in which they came.",
    )
    async def replies(self, info: Request) -> list[Reply]:
        return await info.context.loaders.replies_to_email.load(str(self.id))

    @strawberry.field(metadata=loaded_field("person", "person_id"), description="The person to whom the email is sent.")
    async def person(self, info: Request) -> Person:
        return await info.context.loaders.person.load(self.person_id)

    @strawberry.field(metadata=loaded_field("sender", "sender_id"), description="The sender from whom the email comes.")
    async def sender(self, info: Request) -> Sender:
        return await info.context.loaders.sender.load(self.sender_id)

    @strawberry.field(
        metadata=loaded_field("step", "step_id"),
        description="The campaign step that created the email; null for a one-off email.",
    )
    async def step(self, info: Request) -> Step | None:
        return None if self.step_id is None else await info.context.loaders.step.load(self.step_id)

    @strawberry.field(description="The campaign of the email; null for a one-off email, which belongs to no campaign.")
    async def campaign(
        self, info: Request
    ) -> Annotated["Campaign", strawberry.lazy("api.graphql.campaigns.campaigns")] | None:
        if self.step_id is None:
            return None
        step = await info.context.loaders.step.load(self.step_id)
        return await info.context.loaders.campaign.load(step.campaign_id)

    @strawberry.field(
        description="What only a one-off email has, such as CC and attachments; null for an email of a campaign."
    )
    async def one_off(self, info: Request) -> OneOffEmail | None:
        row = None if self.enrollment_id is not None else await info.context.loaders.one_off_email.load(self.id)
        return None if row is None else one_off_of_row(row)

    @strawberry.field(description="The task from which a rep sends or sent the email; null if there is none.")
    async def task(self, info: Request) -> Annotated["Task", strawberry.lazy("api.graphql.tasks.tasks")] | None:
        if not self.by_hand:
            return None
        if self.enrollment_id is None:
            row = await info.context.loaders.one_off_email.load(self.id)
            return None if row is None or row.task_id is None else await info.context.loaders.task.load(row.task_id)
        tasks = await info.context.loaders.tasks_of_enrollment.load(self.enrollment_id)
        return next((task for task in tasks if task.step_id == self.step_id), None)

    @strawberry.field(
        metadata=loaded_field("enrollment", "enrollment_id"),
        description="The person's enrollment in the campaign; null for a one-off email.",
    )
    async def enrollment(
        self, info: Request
    ) -> Annotated["Enrollment", strawberry.lazy("api.graphql.enrollments.enrollments")] | None:
        return None if self.enrollment_id is None else await info.context.loaders.enrollment.load(self.enrollment_id)


@strawberry.type
class EmailQuery:
    @strawberry.field(
        metadata=cost(200, size=FOLDERS, queries=True),
        description="Every folder of the Command Center with its number of emails. The database keeps the numbers, so"
        " this costs the same for millions of emails.",
    )
    async def email_folders(self, info: Request) -> list[EmailFolderCount]:
        counts = await email_reads.folder_counts(info.context.workspace_context)
        return [EmailFolderCount(folder=folder, emails=counts[folder.name]) for folder in EmailFolder]

    @strawberry.field(
        metadata=cost(100, queries=True), description="The email with this id; null if the workspace has none."
    )
    async def email(self, info: Request, id: EmailId) -> Email | None:
        return from_row(Email, await email_reads.email(info.context.workspace_context, id))

    @strawberry.field(
        metadata=page_cost(),
        description="Emails, in the order of `dueAt`; if `filter` limits only `sentAt`, in the order of `sentAt`.",
    )
    async def emails(
        self,
        info: Request,
        filter: EmailsWhere = None,
        order_by: EmailsOrderBy = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Email]:
        rows = await email_reads.emails(info.context.workspace_context, read_filter(filter), order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)
