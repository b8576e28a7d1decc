"""Mutations on emails."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import strawberry

from api.graphql.emails import Email
from api.graphql.engine.context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import WARNINGS
from api.graphql.tasks import Task
from api.graphql.warnings import WarningLine, warning_lines
from api.services.emails import emails, scheduled_emails
from api.services.templates import template_warnings


@strawberry.enum(description="What a person decides about an email in doubt.")
class DoubtResolution(StrEnum):
    SENT = "SENT"
    RESEND = "RESEND"


@strawberry.type(description="The email, or why not.")
class EmailPayload(Payload):
    email: Email | None = strawberry.field(default=None, description="The email as it is now.")
    written: strawberry.Private[str] = ""

    @strawberry.field(
        metadata=cost(500, size=WARNINGS),
        description="What was taken out of the HTML that was given, such as `<script>`, because it may not be in an "
        "email.",
    )
    async def warnings(self, info: Request) -> list[WarningLine]:
        if not self.written:
            return []
        own = info.context.workspace_context.workspace_id
        return warning_lines(await template_warnings.html_removed(own, self.written, template=False))


@strawberry.type(description="The task, which is open again, or why not.")
class WithdrawEmailPayload(Payload):
    task: Task | None = strawberry.field(default=None, description="The task of the email that was withdrawn.")


@strawberry.type
class EmailMutation:
    @mutation(
        description="Give an email that has not begun to leave another time. An automatic email then no longer follows "
        "its send option or an edit; emails that refer to it keep the wall time that it was planned for. Its "
        "explanation says that a person decided. A task's email that is sent now completes the task."
    )
    async def reschedule_email(
        self,
        info: Request,
        id: strawberry.ID,
        at: Annotated[
            datetime | None, strawberry.argument(description="An instant that has not passed; left out, now.")
        ] = None,
    ) -> EmailPayload:
        row = await scheduled_emails.reschedule_email(info.context.workspace_context, id, at)
        return EmailPayload(email=from_row(Email, row))

    @mutation(
        description="Change the text of an email that has not begun to leave, for this person alone. What is given is "
        "no template: it is sent as it is. A follow-up still quotes the template of the campaign."
    )
    async def edit_email(
        self,
        info: Request,
        id: strawberry.ID,
        subject: Annotated[
            str | None,
            strawberry.argument(description="New subject. Left out, it stays; null, it is the step's again."),
        ] = strawberry.UNSET,
        html: Annotated[
            str | None,
            strawberry.argument(
                description="New HTML, such as `composition.html` and what was changed of it. It is made safe, and the "
                "text part is made from it. Left out, it stays; null, it is the step's again."
            ),
        ] = strawberry.UNSET,
    ) -> EmailPayload:
        given = {"subject": subject, "html": html}
        parts = {name: part for name, part in given.items() if part is not strawberry.UNSET}
        edited = await scheduled_emails.edit_email(info.context.workspace_context, id, **parts)
        return EmailPayload(email=from_row(Email, edited), written=html or "")

    @mutation(
        description="Withdraw the email of an open EMAIL task that is scheduled, failed or was rejected (BOUNCED). "
        "The task waits again, and its `composition` has the text that was written. Refused for automatic emails."
    )
    async def withdraw_email(self, info: Request, id: strawberry.ID) -> WithdrawEmailPayload:
        row = await scheduled_emails.withdraw_email(info.context.workspace_context, id)
        return WithdrawEmailPayload(task=from_row(Task, row))

    @mutation(description="Send an undelivered email at once.")
    async def retry_send(self, info: Request, id: strawberry.ID) -> EmailPayload:
        row = await emails.retry_send(info.context.workspace_context, id)
        return EmailPayload(email=from_row(Email, row))

    @mutation(description="Settle an email in doubt: it arrived, or it is to be sent again.")
    async def resolve_in_doubt(
        self,
        info: Request,
        id: strawberry.ID,
        resolution: DoubtResolution,
    ) -> EmailPayload:
        settled = await emails.resolve_in_doubt(info.context.workspace_context, id, resolution.value)
        return EmailPayload(email=from_row(Email, settled))

    @mutation(description="Move a delivered email to the archive, or back. Emails cannot be deleted.")
    async def archive_email(self, info: Request, id: strawberry.ID, archived: bool = True) -> EmailPayload:
        row = await emails.archive_send(info.context.workspace_context, id, archived=archived)
        return EmailPayload(email=from_row(Email, row))
