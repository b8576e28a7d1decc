"""Templates."""

from datetime import datetime

import strawberry

from api.graphql.arguments.input_values import given_fields
from api.graphql.categories import Category
from api.graphql.engine.context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import WARNINGS
from api.graphql.warnings import WarningLine, warning_lines
from api.services.templates import reading, template_warnings, templates


@strawberry.type(
    description='The content of an email, with dynamic fields such as `{{ first_name | default: "there" }}`.'
)
class Template:
    """A row of api.models.Template."""

    id: strawberry.ID = strawberry.field(description="Identifier.")
    name: str = strawberry.field(description="Name for reps; recipients never see it.")
    subject: str = strawberry.field(
        description="Subject; may be empty for follow-ups, which then answer the earlier one."
    )
    html: str = strawberry.field(
        metadata=cost(200),
        description="HTML part, as it was written. Each email is made safe once it is rendered for its person.",
    )
    text: str | None = strawberry.field(
        metadata=cost(50), description="Text part; null makes it from the HTML of each email."
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    category_id: strawberry.Private[str | None]

    @strawberry.field(description="The category, if it has one.")
    async def category(self, info: Request) -> Category | None:
        return await info.context.loaders.category.load(self.category_id) if self.category_id else None


@strawberry.type
class TemplateQuery:
    @strawberry.field(metadata=page_cost(), description="Templates.")
    async def templates(self, info: Request, first: First = 50, after: After = None) -> Connection[Template]:
        return await connect(reading.templates(info.context.workspace_context), first, after)


@strawberry.input(description="A template to create.")
class TemplateInput:
    name: str = strawberry.field(description="Name for reps.")
    subject: str = strawberry.field(default="", description="Subject, one line.")
    html: str = strawberry.field(
        description="HTML part, saved as it is. What may not be in an email, such as a script, is taken out of what is "
        "rendered, and `warnings` lists it."
    )
    text: str | None = strawberry.field(default=None, description="Text part; left out, it is made from the HTML.")
    category_id: strawberry.ID | None = strawberry.field(default=None, description="Category.")


@strawberry.input(description="What to change of a template. What is left out stays.")
class TemplateChanges:
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Name for reps.")
    subject: str | None = strawberry.field(default=strawberry.UNSET, description="Subject, one line.")
    html: str | None = strawberry.field(default=strawberry.UNSET, description="HTML part.")
    text: str | None = strawberry.field(default=strawberry.UNSET, description="Text part; null makes it from the HTML.")
    category_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Category; null removes it."
    )


@strawberry.type(description="The template, or why not.")
class TemplatePayload(Payload):
    template: Template | None = strawberry.field(default=None, description="The template as it is now.")

    @strawberry.field(
        metadata=cost(500, size=WARNINGS),
        description="What would be taken out of the HTML of the template's emails, such as `<script>` or `onclick`. "
        "The template itself is saved as it was written. Empty when it was not done.",
    )
    async def warnings(self, info: Request) -> list[WarningLine]:
        if self.template is None:
            return []
        return warning_lines(
            await template_warnings.html_removed(info.context.workspace_context.workspace_id, self.template.html)
        )


@strawberry.type
class TemplateMutation:
    @mutation(description="Create a template.")
    async def create_template(self, info: Request, input: TemplateInput) -> TemplatePayload:
        row = await templates.create_template(info.context.workspace_context, **given_fields(input))
        return TemplatePayload(template=from_row(Template, row))

    @mutation(description="Change a template. Emails that have not left yet use the new content.")
    async def update_template(self, info: Request, id: strawberry.ID, input: TemplateChanges) -> TemplatePayload:
        changed = await templates.update_template(info.context.workspace_context, id, **given_fields(input))
        return TemplatePayload(template=from_row(Template, changed))
