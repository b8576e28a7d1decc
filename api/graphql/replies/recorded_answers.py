"""Mutations that record a reply or a bounce by hand."""

from typing import Annotated

import strawberry

from api.graphql.emails.emails import Email
from api.graphql.engine.enums.table_enums import BounceKind
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.enrollments.enrollments import Enrollment
from api.services.replies import bounces, replies
from api.services.replies.answered import RecordedAnswer

AnsweredEnrollment = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="Identifier of the enrollment, such as `enr_…`. If left out, `emailId` names the email, such as a "
        "one-off email, which has no enrollment."
    ),
]


@strawberry.type(description="Result of recordReply and recordBounce: the enrollment and the email, or errors.")
class RecordedAnswerPayload(Payload):
    enrollment: Enrollment | None = strawberry.field(
        default=None, description="The enrollment after the change; null for a one-off email, and if there are errors."
    )
    email: Email | None = strawberry.field(
        default=None, description="The email that was answered; null if none was sent, and if there are errors."
    )


def _payload(changed: RecordedAnswer) -> RecordedAnswerPayload:
    return RecordedAnswerPayload(
        enrollment=from_row(Enrollment, changed.enrollment), email=from_row(Email, changed.email)
    )


@strawberry.type
class RecordedAnswerMutation:
    @mutation(
        description="Record that a person replied: to the email given, or else to the last one sent. The campaign's "
        "`onReply` decides whether it ends for them. A one-off email has no campaign: give only `emailId`. Replies in "
        "a watched mailbox need no recording."
    )
    async def record_reply(
        self,
        info: Request,
        enrollment_id: AnsweredEnrollment = None,
        email_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="Identifier of the email that was answered, such as `snd_…`: of the enrollment, or a "
                "one-off email without an enrollment. If left out, the last one that was sent; if none was, the "
                "reply is only in the Live Feed."
            ),
        ] = None,
        text: Annotated[
            str | None,
            strawberry.argument(description="What the person said, as plain text, such as `Call me in May.`"),
        ] = None,
    ) -> RecordedAnswerPayload:
        context = info.context.workspace_context
        row = await replies.record_reply(context, enrollment_id, send_id=email_id, text=text or "")
        return _payload(row)

    @mutation(
        description="Record that an email bounced: the one given, or else the last one sent. HARD, the "
        "default, sets the person's `bouncedAt` and ends their campaigns that have "
        "`removeOnBounce`. SOFT marks only the email."
    )
    async def record_bounce(
        self,
        info: Request,
        enrollment_id: AnsweredEnrollment = None,
        email_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="Identifier of the email that bounced, such as `snd_…`: of the enrollment, or a one-off "
                "email without an enrollment. If left out, the last one that was sent."
            ),
        ] = None,
        kind: Annotated[
            BounceKind,
            strawberry.argument(
                description="HARD: no such user or host, or the recipient moved. SOFT: every other failure."
            ),
        ] = BounceKind.HARD,
        detail: Annotated[
            str | None,
            strawberry.argument(
                description="Why the email bounced, for people, such as `552 5.2.2 mailbox full`. One line of up "
                "to 500 characters, kept as the email's `detail`."
            ),
        ] = None,
    ) -> RecordedAnswerPayload:
        context = info.context.workspace_context
        row = await bounces.record_bounce(context, enrollment_id, send_id=email_id, kind=kind, detail=detail)
        return _payload(row)
