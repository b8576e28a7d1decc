"""The folders of the Command Center, and the filter of emails."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from api.graphql.engine.enums.table_enums import SendStatus
from api.graphql.sort_orders import EmailOrder
from api.services.emails import email_reads


@strawberry.enum(
    description="The folders of the Command Center. SENT, PENDING and UNDELIVERED each contain several of the others."
)
class EmailFolder(Enum):
    DELIVERED = strawberry.enum_value("DELIVERED", description="Sent (status SENT), and not archived.")
    ARCHIVED = strawberry.enum_value("ARCHIVED", description="Sent (status SENT), and moved to the archive by a rep.")
    DRAFT = strawberry.enum_value("DRAFT", description="A one-off email that a rep is still writing (status DRAFT).")
    SCHEDULED = strawberry.enum_value(
        "SCHEDULED", description="Waits for its send time (status SCHEDULED) or the next retry (DEFERRED)."
    )
    IN_PROGRESS = strawberry.enum_value(
        "IN_PROGRESS", description="A worker prepares or transmits it (status CLAIMED or TRANSMITTING)."
    )
    FAILED = strawberry.enum_value(
        "FAILED", description="Was not sent, and is not tried again automatically (status FAILED)."
    )
    BOUNCED = strawberry.enum_value(
        "BOUNCED",
        description="Rejected by the recipient's server, or returned after it was sent (status BOUNCED). See `bounce`.",
    )
    IN_DOUBT = strawberry.enum_value(
        "IN_DOUBT", description="May have been sent or not (status IN_DOUBT): a person decides by `resolveInDoubt`."
    )
    SENT = strawberry.enum_value("SENT", description="Everything that was sent and not returned: DELIVERED, ARCHIVED.")
    PENDING = strawberry.enum_value("PENDING", description="Everything not sent yet: DRAFT, SCHEDULED, IN_PROGRESS.")
    UNDELIVERED = strawberry.enum_value(
        "UNDELIVERED", description="Everything that went wrong: FAILED, BOUNCED and IN_DOUBT."
    )


@strawberry.type(description="How many emails a folder of the Command Center has.")
class EmailFolderCount:
    folder: EmailFolder = strawberry.field(description="The folder. SENT, PENDING and UNDELIVERED contain others.")
    emails: int = strawberry.field(description="Number of emails in the folder now. SENT includes archived emails.")


@strawberry.input(description="Selects emails that match every given field. An empty list matches no email.")
class EmailFilter:
    folder: EmailFolder | None = strawberry.field(
        default=None,
        description=(
            "Only emails in this folder. Together with `status`, emails must meet both: a folder without any of these "
            "statuses, such as SENT with `[SCHEDULED]`, gives an empty list."
        ),
    )
    status: list[SendStatus] | None = strawberry.field(
        default=None, description="Only emails with one of these statuses. If left out, emails of every status."
    )
    campaign_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only emails of the campaign with this `id`."
    )
    step_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only emails of the step with this `id`."
    )
    person_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only emails to the person with this `id`."
    )
    sender_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only emails from the sender with this `id`."
    )
    reason: str | None = strawberry.field(
        default=None, description="Only emails with this `reason`, such as `UNSUBSCRIBED`."
    )
    due_from: datetime | None = strawberry.field(
        default=None, description="Only emails whose `dueAt` is this instant or later, with an offset."
    )
    due_before: datetime | None = strawberry.field(
        default=None, description="Only emails whose `dueAt` is before this instant, with an offset."
    )
    sent_from: datetime | None = strawberry.field(
        default=None, description="Only emails that were sent at this instant or later, with an offset."
    )
    sent_before: datetime | None = strawberry.field(
        default=None, description="Only emails that were sent before this instant, with an offset."
    )
    failed_from: datetime | None = strawberry.field(
        default=None,
        description="Only emails with the status FAILED that failed at this instant or later, with an offset.",
    )
    failed_before: datetime | None = strawberry.field(
        default=None, description="Only emails with the status FAILED that failed before this instant, with an offset."
    )
    created_from: datetime | None = strawberry.field(
        default=None, description="Only emails that were created at this instant or later, with an offset."
    )
    created_before: datetime | None = strawberry.field(
        default=None, description="Only emails that were created before this instant, with an offset."
    )
    opened: bool | None = strawberry.field(
        default=None, description="True: only emails that a person has opened. False: only the others."
    )
    clicked: bool | None = strawberry.field(
        default=None, description="True: only emails of which a person has clicked a link. False: only the others."
    )
    replied: bool | None = strawberry.field(
        default=None, description="True: only emails that a person has answered. False: only the others."
    )
    search: str | None = strawberry.field(
        default=None,
        description=(
            "Only emails that match this text, such as `offer ada`: each of up to five words is the beginning of a "
            "word of the subject, or of the person's first name, last name, company or address. Upper and lower case "
            "are the same. The subject is the one written for this email, or else the current subject of its step or "
            "template, without dynamic fields."
        ),
    )


def read_filter(given: EmailFilter | None) -> email_reads.EmailFilter:
    """Return a filter as services take it."""
    if given is None:
        return email_reads.EmailFilter()
    return email_reads.EmailFilter(
        folder=given.folder and given.folder.name,
        statuses=given.status,
        campaign_id=given.campaign_id,
        step_id=given.step_id,
        person_id=given.person_id,
        sender_id=given.sender_id,
        reason=given.reason,
        due_from=given.due_from,
        due_before=given.due_before,
        sent_from=given.sent_from,
        sent_before=given.sent_before,
        failed_from=given.failed_from,
        failed_before=given.failed_before,
        created_from=given.created_from,
        created_before=given.created_before,
        answers=email_reads.Answers(given.opened, given.clicked, given.replied),
        search=given.search,
    )


EmailsWhere = Annotated[
    EmailFilter | None,
    strawberry.argument(description="Only emails that meet this filter. If left out, all emails."),
]
EmailsOrderBy = Annotated[
    EmailOrder | None,
    strawberry.argument(
        description="The order of the list. If left out, by `dueAt`; by `sentAt` or `failedAt` if the filter limits "
        "only that date."
    ),
]
