"""Mutations on what runs: tasks, emails, what comes back, ending, and a sandbox's clock."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, cast

import strawberry

from api.graphql.engine.context import Request
from api.graphql.engine.enums import BounceKind
from api.graphql.engine.errors import UserError, payload_of
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ERRORS, WARNINGS
from api.graphql.people import PersonPayload
from api.graphql.running import Email, Enrollment, Task
from api.graphql.suppressions import Why
from api.graphql.warnings import WarningLine, warning_lines
from api.services.campaigns import endings
from api.services.emails import emails, scheduled_emails
from api.services.people import suppressions
from api.services.replies import bounces
from api.services.tasks import tasks
from api.services.templates import template_warnings


@strawberry.enum(description="What a person decides about an email in doubt.")
class DoubtResolution(StrEnum):
    """SENT: it arrived. RESEND: it did not, send it again."""

    SENT = "SENT"
    RESEND = "RESEND"


@strawberry.type(description="The task, or why not.")
class TaskPayload:
    """Answer of the mutations on tasks."""

    task: Task | None = strawberry.field(default=None, description="The task as it is now.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it was done."
    )


@strawberry.type(description="The email, or why not.")
class EmailPayload:
    """Answer of the mutations on emails."""

    email: Email | None = strawberry.field(default=None, description="The email as it is now.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it was done."
    )
    written: strawberry.Private[str] = ""

    @strawberry.field(
        metadata=cost(500, size=WARNINGS),
        description="What was taken out of the HTML that was given, such as `<script>`, because it may not be in an "
        "email.",
    )
    async def warnings(self, info: Request) -> list[WarningLine]:
        """Computed when they are asked for."""
        if not self.written:
            return []
        own = info.context.workspace_context.workspace_id
        return warning_lines(await template_warnings.html_removed(own, self.written, template=False))


@strawberry.type(description="The task, which is open again, or why not.")
class WithdrawEmailPayload:
    """Answer of withdrawEmail."""

    task: Task | None = strawberry.field(default=None, description="The task of the email that was withdrawn.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it was done."
    )


@strawberry.type(description="The enrollment, or why not.")
class EnrollmentPayload:
    """Answer of the mutations on enrollments."""

    enrollment: Enrollment | None = strawberry.field(default=None, description="The enrollment as it is now.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it was done."
    )


@strawberry.type(description="For how many people a campaign was ended, or why not.")
class EndCampaignPayload:
    """Answer of endCampaign."""

    ended: int = strawberry.field(default=0, description="How many people were still in it.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it was done."
    )


@strawberry.type
class ActingMutation:
    """Mutations on what runs."""

    @strawberry.mutation(
        description="Complete a task. What follows for the person is scheduled on to the next task. An email that was "
        "scheduled from the task is withdrawn; while it is being handed over, this is refused (EMAIL_LEAVING)."
    )
    @payload_of(TaskPayload)
    async def complete_task(self, info: Request, id: strawberry.ID) -> TaskPayload:  # noqa: A002
        """Complete a task."""
        return TaskPayload(task=cast(Any, await tasks.complete_task(info.context.workspace_context, id)))

    @strawberry.mutation(description="Skip a task. What follows goes on as if it were completed.")
    @payload_of(TaskPayload)
    async def skip_task(self, info: Request, id: strawberry.ID) -> TaskPayload:  # noqa: A002
        """Skip a task."""
        return TaskPayload(task=cast(Any, await tasks.skip_task(info.context.workspace_context, id)))

    @strawberry.mutation(
        description="Send the email of an EMAIL task, as it is or edited: now, which completes the task, or at a later "
        "instant, when it completes as the email goes out."
    )
    @payload_of(EmailPayload)
    async def send_task(
        self,
        info: Request,
        id: strawberry.ID,  # noqa: A002
        subject: Annotated[
            str | None, strawberry.argument(description="Edited subject, sent as it is: it is no template.")
        ] = None,
        html: Annotated[
            str | None,
            strawberry.argument(
                description="Edited HTML, such as `composition.html` and what was changed of it. It is no template: "
                "its `{{ }}` are sent as they are. It is made safe, and the text part is made from it."
            ),
        ] = None,
        at: Annotated[datetime | None, strawberry.argument(description="Later than now; left out, now.")] = None,
    ) -> EmailPayload:
        """Send a task's email."""
        sent = await tasks.send_task(info.context.workspace_context, id, subject=subject, html=html, at=at)
        return EmailPayload(email=cast(Any, sent), written=html or "")

    @strawberry.mutation(
        description="Give an email that has not begun to leave another time. An automatic email then no longer follows "
        "its send option or an edit; emails that refer to it keep the wall time that it was planned for. Its "
        "explanation says that a person decided. A task's email that is sent now completes the task."
    )
    @payload_of(EmailPayload)
    async def reschedule_email(
        self,
        info: Request,
        id: strawberry.ID,  # noqa: A002
        at: Annotated[
            datetime | None, strawberry.argument(description="An instant that has not passed; left out, now.")
        ] = None,
    ) -> EmailPayload:
        """Reschedule."""
        return EmailPayload(
            email=cast(Any, await scheduled_emails.reschedule_email(info.context.workspace_context, id, at))
        )

    @strawberry.mutation(
        description="Change the text of an email that has not begun to leave, for this person alone. What is given is "
        "no template: it is sent as it is. A follow-up still quotes the template of the campaign."
    )
    @payload_of(EmailPayload)
    async def edit_email(
        self,
        info: Request,
        id: strawberry.ID,  # noqa: A002
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
        """Edit."""
        given = {"subject": subject, "html": html}
        parts = {name: part for name, part in given.items() if part is not strawberry.UNSET}
        edited = await scheduled_emails.edit_email(info.context.workspace_context, id, **parts)
        return EmailPayload(email=cast(Any, edited), written=html or "")

    @strawberry.mutation(
        description="Withdraw the email of an open EMAIL task that is scheduled, failed or was rejected (BOUNCED). "
        "The task waits again, and its `composition` has the text that was written. Refused for automatic emails."
    )
    @payload_of(WithdrawEmailPayload)
    async def withdraw_email(self, info: Request, id: strawberry.ID) -> WithdrawEmailPayload:  # noqa: A002
        """Withdraw."""
        return WithdrawEmailPayload(
            task=cast(Any, await scheduled_emails.withdraw_email(info.context.workspace_context, id))
        )

    @strawberry.mutation(description="Send an undelivered email at once.")
    @payload_of(EmailPayload)
    async def retry_send(self, info: Request, id: strawberry.ID) -> EmailPayload:  # noqa: A002
        """Retry."""
        return EmailPayload(email=cast(Any, await emails.retry_send(info.context.workspace_context, id)))

    @strawberry.mutation(description="Settle an email in doubt: it arrived, or it is to be sent again.")
    @payload_of(EmailPayload)
    async def resolve_in_doubt(
        self,
        info: Request,
        id: strawberry.ID,  # noqa: A002
        resolution: DoubtResolution,
    ) -> EmailPayload:
        """Settle a doubt."""
        settled = await emails.resolve_in_doubt(info.context.workspace_context, id, resolution.value)
        return EmailPayload(email=cast(Any, settled))

    @strawberry.mutation(description="Move a delivered email to the archive, or back. Emails cannot be deleted.")
    @payload_of(EmailPayload)
    async def archive_email(self, info: Request, id: strawberry.ID, archived: bool = True) -> EmailPayload:  # noqa: A002
        """Archive."""
        return EmailPayload(
            email=cast(Any, await emails.archive_send(info.context.workspace_context, id, archived=archived))
        )

    @strawberry.mutation(
        description="Record a person's reply. The campaign's setting decides whether it ends for them."
    )
    @payload_of(EnrollmentPayload)
    async def record_reply(self, info: Request, enrollment_id: strawberry.ID) -> EnrollmentPayload:
        """Record a reply."""
        return EnrollmentPayload(
            enrollment=cast(Any, await endings.record_reply(info.context.workspace_context, enrollment_id))
        )

    @strawberry.mutation(
        description="Record that an email came back: the given one, else the last that was sent. HARD, the default, "
        "sets the person's `bouncedAt` and ends their campaigns that have Remove on Bounce. SOFT marks the email alone."
    )
    @payload_of(EnrollmentPayload)
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
        """Record a bounce."""
        context = info.context.workspace_context
        row = await bounces.record_bounce(context, enrollment_id, send_id=email_id, kind=kind, detail=detail)
        return EnrollmentPayload(enrollment=cast(Any, row))

    @strawberry.mutation(
        description="Let emails go to a person's address again after a hard bounce: `bouncedAt` becomes null. "
        "Campaigns that the bounce has ended stay ended: launch them with `again`, or retry emails of those that go on."
    )
    @payload_of(PersonPayload)
    async def clear_bounce(
        self,
        info: Request,
        person_id: Annotated[strawberry.ID, strawberry.argument(description="The person whose address is good.")],
    ) -> PersonPayload:
        """Clear a bounce."""
        return PersonPayload(person=cast(Any, await bounces.clear_bounce(info.context.workspace_context, person_id)))

    @strawberry.mutation(
        description="Unsubscribe the address that a person has now: the workspace sends nothing to it any more, and "
        "all campaigns end for the person. `suppressAddress` takes an address instead; `resubscribe` undoes it."
    )
    @payload_of(PersonPayload)
    async def unsubscribe(self, info: Request, person_id: strawberry.ID, reason: Why = "") -> PersonPayload:
        """Unsubscribe."""
        return PersonPayload(
            person=cast(Any, await suppressions.unsubscribe(info.context.workspace_context, person_id, reason))
        )

    @strawberry.mutation(description="End a campaign for one person: open tasks are cancelled, pending emails fail.")
    @payload_of(EnrollmentPayload)
    async def end_enrollment(self, info: Request, id: strawberry.ID) -> EnrollmentPayload:  # noqa: A002
        """End one person's campaign."""
        return EnrollmentPayload(enrollment=cast(Any, await endings.end_enrollment(info.context.workspace_context, id)))

    @strawberry.mutation(metadata=cost(5_000, once=3), description="End a campaign for everyone in it.")
    @payload_of(EndCampaignPayload)
    async def end_campaign(self, info: Request, id: strawberry.ID) -> EndCampaignPayload:  # noqa: A002
        """End everyone's campaign."""
        return EndCampaignPayload(ended=await endings.end_campaign(info.context.workspace_context, id))
