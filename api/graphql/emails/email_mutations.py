"""Mutations on emails."""

from datetime import datetime
from enum import Enum
from typing import Annotated, Literal

import strawberry

from api.graphql.arguments.ids import EmailId
from api.graphql.arguments.send_times import AtLocal, send_time
from api.graphql.arguments.versions import IfVersion
from api.graphql.emails.emails import Email
from api.graphql.engine.enums.table_enums import Tracking
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import WARNINGS
from api.graphql.tasks.tasks import Task
from api.graphql.warnings import WarningLine, warning_lines
from api.services.campaigns.campaign_warnings import tracking_warnings
from api.services.emails import emails, scheduled_emails
from api.services.one_off_emails.sending import one_off_warnings
from api.services.templates import template_warnings


@strawberry.enum(description="A person's decision about an email in doubt.")
class DoubtResolution(Enum):
    SENT = strawberry.enum_value("SENT", description="It was delivered: record it as sent.")
    RESEND = strawberry.enum_value("RESEND", description="It was not delivered: send it again at once.")


@strawberry.type(description="Result of the mutations on emails: the email, or errors.")
class EmailPayload(Payload):
    email: Email | None = strawberry.field(
        default=None, description="The email after the change; null if there are errors."
    )
    written: strawberry.Private[str] = ""
    tracking: strawberry.Private[Tracking] = Tracking.OFF

    @strawberry.field(
        metadata=cost(500, size=WARNINGS),
        description="What was removed from the HTML that was given, such as `<script>`, because it is "
        "not allowed in emails, that the server cannot track the email, and which addresses in CC and BCC get no copy "
        "because they have already received the email.",
    )
    async def warnings(self, info: Request) -> list[WarningLine]:
        context = info.context.workspace_context
        notes = tracking_warnings(context, self.tracking)
        if self.written:
            notes += await template_warnings.html_removed(context.workspace_id, self.written, template=False)
        if self.email is not None and self.email.enrollment_id is None:
            notes += await one_off_warnings(context, self.email.id)
        return warning_lines(notes)


@strawberry.type(
    description="Result of withdrawEmail: the task, which is open again, or the one-off email, which is a draft again, "
    "or errors."
)
class WithdrawEmailPayload(Payload):
    task: Task | None = strawberry.field(
        default=None,
        description="The task of the email that was withdrawn; null for a one-off email, and if there are errors.",
    )
    email: Email | None = strawberry.field(
        default=None, description="The one-off email, which is a draft; null for an email of a task."
    )


@strawberry.type
class EmailMutation:
    @mutation(
        description="Give an email that is not yet being transmitted another send time. An automatic "
        "email then no longer follows its send option or edits of the campaign. Emails that "
        "refer to it still use the time for which it was planned. Its explanation says that "
        "a person chose the time. A task's email that is sent now completes the task."
    )
    async def reschedule_email(
        self,
        info: Request,
        id: EmailId,
        at: Annotated[
            datetime | None,
            strawberry.argument(
                description="The new send time, not in the past, such as `2026-03-02T08:30:00Z`. If left out, now."
            ),
        ] = None,
        at_local: AtLocal = None,
        if_version: IfVersion = None,
    ) -> EmailPayload:
        context, chosen = info.context.workspace_context, send_time(at, at_local)
        row = await scheduled_emails.reschedule_email(context, id, chosen, if_version=if_version)
        return EmailPayload(email=from_row(Email, row))

    @mutation(
        description="Change the text of an email that is not yet being transmitted, for this person "
        "only. The text is sent as it is: it is not a template. A follow-up still quotes the "
        "campaign's template."
    )
    async def edit_email(
        self,
        info: Request,
        id: EmailId,
        subject: Annotated[
            str | None,
            strawberry.argument(
                description="New subject, sent as it is. If left out, it stays; null uses the step's again."
            ),
        ] = strawberry.UNSET,
        html: Annotated[
            str | None,
            strawberry.argument(
                description="New HTML, such as `composition.html` with changes. Unsafe HTML is removed, and the "
                "text part is made from it. If left out, it stays; null uses the step's again."
            ),
        ] = strawberry.UNSET,
        if_version: IfVersion = None,
    ) -> EmailPayload:
        given = {"subject": subject, "html": html}
        parts = {name: part for name, part in given.items() if part is not strawberry.UNSET}
        context = info.context.workspace_context
        edited = await scheduled_emails.edit_email(context, id, if_version=if_version, **parts)
        return EmailPayload(email=from_row(Email, edited), written=html or "")

    @mutation(
        description="Withdraw the email of an open EMAIL task, if it is scheduled, failed or was "
        "rejected (BOUNCED). The task waits again, and its `composition` has the text that "
        "was written. A one-off email becomes a draft again. Refused for automatic emails."
    )
    async def withdraw_email(self, info: Request, id: EmailId, if_version: IfVersion = None) -> WithdrawEmailPayload:
        row = await scheduled_emails.withdraw_email(info.context.workspace_context, id, if_version=if_version)
        if row.enrollment_id is None:
            return WithdrawEmailPayload(email=from_row(Email, row))
        return WithdrawEmailPayload(task=from_row(Task, row))

    @mutation(description="Send an undelivered email immediately: one that failed, bounced or is in doubt.")
    async def retry_send(self, info: Request, id: EmailId) -> EmailPayload:
        row = await emails.retry_send(info.context.workspace_context, id)
        return EmailPayload(email=from_row(Email, row))

    @mutation(description="Decide about an email in doubt: record that it was delivered, or send it again.")
    async def resolve_in_doubt(
        self,
        info: Request,
        id: EmailId,
        resolution: Annotated[
            DoubtResolution,
            strawberry.argument(
                description="The decision: the email was delivered (SENT), or must be sent again (RESEND)."
            ),
        ],
    ) -> EmailPayload:
        decision: Literal["SENT", "RESEND"] = "RESEND" if resolution is DoubtResolution.RESEND else "SENT"
        row = await emails.resolve_in_doubt(info.context.workspace_context, id, decision)
        return EmailPayload(email=from_row(Email, row))

    @mutation(description="Move a delivered email to the archive, or back. Sent emails cannot be deleted.")
    async def archive_email(
        self,
        info: Request,
        id: EmailId,
        archived: Annotated[
            bool, strawberry.argument(description="True moves the email to the archive, false moves it back.")
        ] = True,
    ) -> EmailPayload:
        row = await emails.archive_send(info.context.workspace_context, id, archived=archived)
        return EmailPayload(email=from_row(Email, row))
