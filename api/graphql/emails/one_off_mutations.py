"""Mutations on one-off emails."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from api.graphql.arguments.given_fields import given_fields
from api.graphql.arguments.ids import EmailId
from api.graphql.arguments.request_keys import Key
from api.graphql.arguments.send_times import AtLocal, send_time
from api.graphql.arguments.versions import IfVersion
from api.graphql.emails.email_mutations import EmailPayload
from api.graphql.emails.emails import Email
from api.graphql.engine.enums.table_enums import Tracking
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.services.common.inputs.request_keys import once
from api.services.one_off_emails import drafts, sending
from api.services.one_off_emails.drafts import NewEmail

PERSON = "`id` of the person in To. Give this or `to`."
TO = "Address in To, such as `ada@example.com`. If no person has it, one is added. Give this or `personId`."
CC = (
    "Addresses in CC, which every recipient sees. An address that has unsubscribed or bounced, or whose domain "
    "is blocked, is refused. A repeated address counts once. To, CC and BCC can have 50 recipients together."
)
BCC = "Addresses in BCC, which no recipient sees. The rules of `cc` apply."
SUBJECT = "Subject, sent as it is. It may be empty in a draft."
HTML = "HTML body, sent as it is: it is not a template. Unsafe HTML is removed, and the text part is made from it."
ATTACHMENT_IDS = "`id` of each attachment, in their order: 20 MB in total."
TEMPLATE = (
    "`id` of a template that makes subject and body: it is rendered once, for this person. After that, the text no "
    "longer follows the template. A field without a value becomes a field prompt, such as `{{! city }}`."
)
TRACKING = "Whether clicks and opens are tracked."


@strawberry.input(description="A one-off email, which belongs to no campaign. It begins as a draft.")
class CreateEmailInput:
    person_id: strawberry.ID | None = strawberry.field(default=None, description=PERSON)
    to: str | None = strawberry.field(default=None, description=TO)
    sender_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="`id` of the sender. Required, except for a follow-up: that has the sender of the earlier email.",
    )
    cc: list[str] = strawberry.field(default_factory=list, description=CC)
    bcc: list[str] = strawberry.field(default_factory=list, description=BCC)
    template_id: strawberry.ID | None = strawberry.field(default=None, description=TEMPLATE)
    subject: str | None = strawberry.field(
        default=None, description=f"{SUBJECT} If left out, that of the template, or `Re: ` and the earlier subject."
    )
    html: str | None = strawberry.field(default=None, description=f"{HTML} If left out, that of the template.")
    follows_email_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="`id` of a sent email that this one follows: it is a reply in the same thread, and quotes that "
        "email as it was sent. Without `personId`, `to` and `senderId`, it goes to the same person from the same "
        "sender.",
    )
    attachment_ids: list[strawberry.ID] = strawberry.field(default_factory=list, description=ATTACHMENT_IDS)
    tracking: Tracking = strawberry.field(default=Tracking.OFF, description=TRACKING)


@strawberry.input(description="Changes of a one-off email. Omitted fields do not change.")
class EmailChanges:
    person_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description=PERSON)
    to: str | None = strawberry.field(default=strawberry.UNSET, description=TO)
    sender_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="`id` of the sender from whom the email comes."
    )
    cc: list[str] | None = strawberry.field(default=strawberry.UNSET, description=CC)
    bcc: list[str] | None = strawberry.field(default=strawberry.UNSET, description=BCC)
    template_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description=f"{TEMPLATE} It replaces the current text, unless that is given too."
    )
    subject: str | None = strawberry.field(default=strawberry.UNSET, description=SUBJECT)
    html: str | None = strawberry.field(default=strawberry.UNSET, description=HTML)
    attachment_ids: list[strawberry.ID] | None = strawberry.field(default=strawberry.UNSET, description=ATTACHMENT_IDS)
    tracking: Tracking | None = strawberry.field(default=strawberry.UNSET, description=TRACKING)


@strawberry.type(description="Result of deleteEmail: the id of the deleted email, or errors.")
class DeleteEmailPayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="`id` of the deleted email; null if there are errors."
    )


@strawberry.type
class OneOffMutation:
    @mutation(
        description="Begin an email outside campaigns: to one person, with CC, BCC and attachments. It is a draft, and "
        "is not sent before `sendEmail`."
    )
    async def create_email(
        self,
        info: Request,
        input: Annotated[CreateEmailInput, strawberry.argument(description="Recipients, sender and text.")],
        key: Key = None,
    ) -> EmailPayload:
        context, given = info.context.workspace_context, given_fields(input)
        new = NewEmail(**_plain(given))
        row = await once(context, "createEmail", key, new, lambda key: drafts.create_email(context, new, key=key))
        return EmailPayload(email=from_row(Email, row), written=input.html or "", tracking=input.tracking)

    @mutation(
        description="Change a one-off email that is a draft or scheduled, if it is not yet being transmitted. For "
        "autosave: it keeps what the rep has written so far."
    )
    async def update_email(
        self,
        info: Request,
        id: EmailId,
        input: Annotated[EmailChanges, strawberry.argument(description="What to change.")],
        if_version: IfVersion = None,
    ) -> EmailPayload:
        given = _plain(given_fields(input))
        row = await drafts.update_email(info.context.workspace_context, id, if_version=if_version, **given)
        tracking = given.get("tracking", Tracking.OFF)
        return EmailPayload(email=from_row(Email, row), written=given.get("html") or "", tracking=tracking)

    @mutation(
        description="Send a one-off email now, or at `at` or `atLocal`. A scheduled one gets the new time. Recipients, "
        "CC and BCC are checked again, now and when it is sent. Refused while a field prompt is in it."
    )
    async def send_email(
        self,
        info: Request,
        id: EmailId,
        at: Annotated[
            datetime | None,
            strawberry.argument(
                description="Send time, not in the past, such as `2026-03-02T08:30:00Z`. If left out, now."
            ),
        ] = None,
        at_local: AtLocal = None,
        if_version: IfVersion = None,
        key: Key = None,
    ) -> EmailPayload:
        context, chosen = info.context.workspace_context, send_time(at, at_local)
        row = await once(
            context,
            "sendEmail",
            key,
            [id, chosen],
            lambda key: sending.send_email(context, id, at=chosen, if_version=if_version, key=key),
        )
        return EmailPayload(email=from_row(Email, row))

    @mutation(
        description="Delete a one-off email that was not sent: a draft, or one that is scheduled, failed or was "
        "rejected. Emails of campaigns cannot be deleted."
    )
    async def delete_email(self, info: Request, id: EmailId, if_version: IfVersion = None) -> DeleteEmailPayload:
        deleted = await sending.delete_email(info.context.workspace_context, id, if_version=if_version)
        return DeleteEmailPayload(deleted_id=strawberry.ID(deleted))


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an input with ids as texts."""
    return {name: list(map(str, value)) if isinstance(value, list) else value for name, value in given.items()}
