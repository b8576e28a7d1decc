"""Previews of emails: of a template, of a step, and of a text that is not saved yet."""

from typing import Annotated

import strawberry
from strawberry.scalars import JSON

from api.graphql.arguments.given_fields import given_fields
from api.graphql.engine.graphql_context import Request
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import PROMPTS, UNRESOLVED_FIELDS, WARNINGS
from api.graphql.warnings import WarningLine, warning_lines
from api.services.emails import template_preview
from api.services.templates import email_preview


@strawberry.type(
    description="An email as its recipient would read it. Nothing is written. It has neither tracked links nor the "
    "unsubscribe line, which are added when an email is sent."
)
class EmailPreview:
    subject: str = strawberry.field(description="Subject line, rendered.")
    html: str = strawberry.field(
        description="HTML part, rendered, with the signature and the email that a follow-up quotes. Its link to "
        "unsubscribe is the sender's address, so that nobody is unsubscribed by a preview."
    )
    text: str = strawberry.field(description="Text part, rendered, with the email that a follow-up quotes.")
    unresolved_fields: list[str] = strawberry.field(
        metadata=cost(size=UNRESOLVED_FIELDS, plain_at=5),
        description="Dynamic fields without a value, such as `city`, which would prevent sending. In `subject` and "
        "`html` each is shown as a field prompt, `{{! city }}`.",
    )
    prompts: list[str] = strawberry.field(
        metadata=cost(size=PROMPTS, plain_at=5),
        description="Field prompts in the email that a rep has to replace, such as `Introduce yourself`, and "
        "`unresolvedFields`.",
    )


@strawberry.type(description="The preview of a template, a step's email or a text.")
class TemplatePreview:
    preview: EmailPreview = strawberry.field(
        description="The rendered email, with the fields and prompts that would prevent sending it."
    )
    warnings: list[WarningLine] = strawberry.field(
        metadata=cost(size=WARNINGS),
        description="What would be removed from the HTML, such as `<script>`, because it is not allowed in emails.",
    )


def preview_of(made: email_preview.EmailPreview) -> EmailPreview:
    """Return a preview."""
    return EmailPreview(
        subject=made.email.subject,
        html=made.email.html,
        text=made.email.text,
        unresolved_fields=list(made.unresolved_fields),
        prompts=list(made.prompts),
    )


@strawberry.input(description="The values of a person who need not exist. A field that is left out has no value.")
class SamplePersonInput:
    email: str | None = strawberry.field(
        default=strawberry.UNSET, description="Email address, such as `ada@example.com`; cannot be null."
    )
    first_name: str | None = strawberry.field(
        default=strawberry.UNSET, description="First name, for `{{ first_name }}`; empty if left out."
    )
    last_name: str | None = strawberry.field(
        default=strawberry.UNSET, description="Last name, for `{{ last_name }}`; empty if left out."
    )
    title: str | None = strawberry.field(default=strawberry.UNSET, description="Job title, such as `Head of Sales`.")
    company: str | None = strawberry.field(default=strawberry.UNSET, description="Company, such as `Acme Ltd`.")
    fields: JSON | None = strawberry.field(
        default=strawberry.UNSET, description='Own dynamic fields: texts by name, such as `{"city": "London"}`.'
    )


@strawberry.input(
    description="The email to preview, and for whom. Give one of `templateId`, `stepId` and `html`. Without a person, "
    "every field is empty."
)
class TemplatePreviewInput:
    template_id: strawberry.ID | None = strawberry.field(
        default=None, description="Identifier of a template, such as `tpl_…`."
    )
    step_id: strawberry.ID | None = strawberry.field(
        default=None, description="Identifier of a step with an email, such as `stp_…`, with what it quotes."
    )
    html: str | None = strawberry.field(
        default=None, description="HTML with dynamic fields that is not saved, such as the current text of an editor."
    )
    text: str | None = strawberry.field(
        default=None, description="Text part for `html`; if left out, it is made from the HTML."
    )
    subject: str | None = strawberry.field(
        default=None,
        description="Subject with dynamic fields for `html`, or used instead of the subject of the template or step.",
    )
    person_id: strawberry.ID | None = strawberry.field(
        default=None, description="Identifier of the person for whom to render, such as `per_…`."
    )
    sample: SamplePersonInput | None = strawberry.field(
        default=None, description="Values used instead of those of the person, or without a person."
    )
    sender_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Identifier of the sender whose name and signature the email has, such as `sdr_…`. If left out, "
        "the sender of the step's campaign, or else the workspace's first sender.",
    )


def preview_request(given: TemplatePreviewInput) -> template_preview.PreviewRequest:
    """Return the request for a preview."""
    values = given_fields(given)
    sample = None if given.sample is None else given_fields(given.sample)
    return template_preview.PreviewRequest(**{**values, "sample": sample})


@strawberry.type
class EmailPreviewQuery:
    @strawberry.field(
        metadata=cost(2_000, queries=True),
        description="Render the email of a template, a step or a text for a person, and list what would prevent "
        "sending it. Nothing is written.",
    )
    async def template_preview(
        self,
        info: Request,
        input: Annotated[TemplatePreviewInput, strawberry.argument(description="The content, person and sender.")],
    ) -> TemplatePreview:
        found = await template_preview.preview_template(info.context.workspace_context, preview_request(input))
        return TemplatePreview(preview=preview_of(found.preview), warnings=warning_lines(found.warnings))
