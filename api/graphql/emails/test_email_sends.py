"""Test emails, which users send to themselves."""

from datetime import datetime
from enum import Enum
from typing import Annotated

import strawberry

from api.graphql.arguments.request_keys import KEY
from api.graphql.emails.email_previews import TemplatePreviewInput, preview_request
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.limits.cost import cost
from api.services.common.inputs.request_keys import once
from api.services.test_email_sends.sending import send_test_email


@strawberry.enum(description="What happened to a test email.")
class TestEmailStatus(Enum):
    __test__ = False

    SENT = strawberry.enum_value("SENT", description="The mail server accepted it. A sandbox sends nothing.")
    FAILED = strawberry.enum_value("FAILED", description="It was not sent: see `reason` and `detail`.")
    IN_DOUBT = strawberry.enum_value(
        "IN_DOUBT", description="The connection broke during the transmission, so it may have been sent or not."
    )
    SENDING = strawberry.enum_value(
        "SENDING", description="Another request with the same key sends it now, or its server was stopped meanwhile."
    )


@strawberry.type(
    description="An email that a user sent to an address of their own. It is in no folder, neither tracked nor counted,"
    " and takes part in no campaign."
)
class TestEmail:
    __test__ = False

    to: str = strawberry.field(description="Address of the sender to whom it was sent.")
    at: datetime = strawberry.field(description="When it was sent, by the server's clock. UTC.")
    status: TestEmailStatus = strawberry.field(description="What happened.")
    reason: str | None = strawberry.field(
        description="Code of the channel's or mail server's answer, such as `SMTP_250`; null while SENDING."
    )
    detail: str = strawberry.field(description="What the mail server said, for people. Empty while SENDING.")


@strawberry.type(description="Result of sendTestEmail: the test email, or errors.")
class TestEmailPayload(Payload):
    __test__ = False

    test_email: TestEmail | None = strawberry.field(
        default=None, description="The test email and what the mail server said; null if there are errors."
    )


STATUSES = {None: TestEmailStatus.SENDING, "SENT": TestEmailStatus.SENT, "IN_DOUBT": TestEmailStatus.IN_DOUBT}
"""Statuses by outcome. All other outcomes mean that nothing was sent."""


@strawberry.type
class EmailTestMutation:
    @mutation(
        metadata=cost(5_000, once=2, queries=True),
        description="Send an email of a template, a step or a text to an address of one of the workspace's senders, and"
        " wait for the mail server's answer, up to half a minute (`NO_ANSWER`). Its subject begins with `[Test]`, and"
        " fields without a value are shown as field prompts. It counts in the sender's rate limit. The process that"
        " answers GraphQL sends it, so it needs the settings of the sender's channel. A sandbox sends nothing.",
    )
    async def send_test_email(
        self,
        info: Request,
        input: Annotated[TemplatePreviewInput, strawberry.argument(description="The content, person and sender.")],
        key: Annotated[
            str,
            strawberry.argument(
                description=f"{KEY} Make it when the user opens the dialog, so that a double click sends one email."
            ),
        ],
        to: Annotated[
            str | None,
            strawberry.argument(
                description="Address of a sender of the workspace. If left out, of the sender that sends the email."
            ),
        ] = None,
    ) -> TestEmailPayload:
        context, request = info.context.workspace_context, preview_request(input)
        row = await once(
            context, "sendTestEmail", key, [request, to], lambda own: send_test_email(context, request, to, key=own)
        )
        status = STATUSES.get(row.outcome, TestEmailStatus.FAILED)
        found = TestEmail(to=row.recipient, at=row.at, status=status, reason=row.reason, detail=row.detail)
        return TestEmailPayload(test_email=found)
