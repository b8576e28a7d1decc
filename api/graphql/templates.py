"""Templates."""

from datetime import datetime
from typing import Any, cast

import strawberry

from api import models
from api.graphql.arguments.input_values import given
from api.graphql.categories import Category
from api.graphql.engine.context import Request
from api.graphql.engine.errors import UserError, payload_of
from api.graphql.engine.relay import After, Connection, First, connect
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import ERRORS, WARNINGS
from api.graphql.warnings import WarningLine, warning_lines
from api.services.templates import template_warnings, templates
from api.store.engine.rows import MAX_PAGE_SIZE


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
        """Loaded with all others."""
        return cast("Category | None", self.category_id and await info.context.loaders.category.load(self.category_id))


@strawberry.type
class TemplateQuery:
    """Queries on templates."""

    @strawberry.field(
        metadata=cost(200, sized_by=("first",), size_most=MAX_PAGE_SIZE, queries=True), description="Templates."
    )
    async def templates(self, info: Request, first: First = 50, after: After = None) -> Connection[Template]:
        """A page of them."""
        return await connect(
            models.Template.filter(workspace_id=info.context.workspace_context.workspace_id), first, after
        )


@strawberry.input(description="A template to create.")
class TemplateInput:
    """What createTemplate takes."""

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
    """What updateTemplate takes."""

    name: str | None = strawberry.field(default=strawberry.UNSET, description="Name for reps.")
    subject: str | None = strawberry.field(default=strawberry.UNSET, description="Subject, one line.")
    html: str | None = strawberry.field(default=strawberry.UNSET, description="HTML part.")
    text: str | None = strawberry.field(default=strawberry.UNSET, description="Text part; null makes it from the HTML.")
    category_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Category; null removes it."
    )


@strawberry.type(description="The template, or why not.")
class TemplatePayload:
    """Answer of the mutations on templates."""

    template: Template | None = strawberry.field(default=None, description="The template as it is now.")
    errors: list[UserError] = strawberry.field(
        metadata=cost(size=ERRORS), default_factory=list, description="Empty when it was done."
    )

    @strawberry.field(
        metadata=cost(500, size=WARNINGS),
        description="What would be taken out of the HTML of the template's emails, such as `<script>` or `onclick`. "
        "The template itself is saved as it was written. Empty when it was not done.",
    )
    async def warnings(self, info: Request) -> list[WarningLine]:
        """Computed when they are asked for."""
        if self.template is None:
            return []
        return warning_lines(
            await template_warnings.html_removed(info.context.workspace_context.workspace_id, self.template.html)
        )


@strawberry.type
class TemplateMutation:
    """Mutations on templates."""

    @strawberry.mutation(description="Create a template.")
    @payload_of(TemplatePayload)
    async def create_template(self, info: Request, input: TemplateInput) -> TemplatePayload:  # noqa: A002
        """Create a template."""
        return TemplatePayload(
            template=cast(Any, await templates.create_template(info.context.workspace_context, **given(input)))
        )

    @strawberry.mutation(description="Change a template. Emails that have not left yet use the new content.")
    @payload_of(TemplatePayload)
    async def update_template(self, info: Request, id: strawberry.ID, input: TemplateChanges) -> TemplatePayload:  # noqa: A002
        """Change a template."""
        changed = await templates.update_template(info.context.workspace_context, id, **given(input))
        return TemplatePayload(template=cast(Any, changed))
