"""Templates."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.arguments.ids import TemplateId
from api.graphql.arguments.input_values import given_fields
from api.graphql.categories import Category
from api.graphql.engine.context import Request
from api.graphql.engine.nodes import Node
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.relay import After, Connection, First, connect, page_cost
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import WARNINGS
from api.graphql.warnings import WarningLine, warning_lines
from api.services.templates import queries, template_warnings, templates


@strawberry.type(
    description='The content of an email, with dynamic fields such as `{{ first_name | default: "there" }}`.'
)
class Template(Node):
    """A row of api.models.Template."""

    id: strawberry.ID = strawberry.field(
        description="Identifier of the template: `tpl_` and 26 lower-case letters and digits."
    )
    name: str = strawberry.field(
        description="Name of the template for reps, such as `Trial ends`. Recipients never see it."
    )
    subject: str = strawberry.field(
        description="Subject line with dynamic fields. May be empty for follow-ups, which then reply "
        "under the earlier subject."
    )
    html: str = strawberry.field(
        metadata=cost(200),
        description="HTML part as it was written. Unsafe HTML is removed from each email after it is rendered.",
    )
    text: str | None = strawberry.field(
        metadata=cost(50), description="Text part with dynamic fields; null: it is made from each email's HTML."
    )
    transactional: bool = strawberry.field(
        description="Whether its emails also go to addresses that have unsubscribed, without a line to unsubscribe. It "
        "is for emails that a person needs, such as an invoice."
    )
    created_at: datetime = strawberry.field(description="When the template was created, by the workspace's clock. UTC.")
    category_id: strawberry.Private[str | None]

    @strawberry.field(description="The category under which reps find the template; null if it has none.")
    async def category(self, info: Request) -> Category | None:
        return await info.context.loaders.category.load(self.category_id) if self.category_id else None


@strawberry.type
class TemplateQuery:
    @strawberry.field(
        metadata=page_cost(), description="All templates of the workspace, in the order in which they were created."
    )
    async def templates(self, info: Request, first: First = 50, after: After = None) -> Connection[Template]:
        return await connect(queries.templates(info.context.workspace_context), first, after, info)


@strawberry.input(description="The content of a new template.")
class TemplateInput:
    name: str = strawberry.field(description="Name of the template for reps, such as `Trial ends`.")
    subject: str = strawberry.field(
        default="",
        description="Subject with dynamic fields, one line, such as `{{ first_name }}, your trial`. "
        "Empty for follow-ups.",
    )
    html: str = strawberry.field(
        description="HTML part with dynamic fields, saved as it is. What is not allowed in emails, such "
        "as a script, is removed when an email is rendered; `warnings` lists it."
    )
    text: str | None = strawberry.field(
        default=None, description="Text part with dynamic fields; if left out, it is made from each email's HTML."
    )
    category_id: strawberry.ID | None = strawberry.field(
        default=None, description="Identifier of the category for the template, such as `cat_…`."
    )
    transactional: bool = strawberry.field(
        default=False,
        description="Whether its emails also go to addresses that have unsubscribed. Set it only for emails that a "
        "person needs, such as an invoice: other emails to these addresses may be against the law.",
    )


@strawberry.input(description="Content of a template to change. A field that is left out keeps its value.")
class TemplateChanges:
    name: str | None = strawberry.field(default=strawberry.UNSET, description="New name of the template for reps.")
    subject: str | None = strawberry.field(
        default=strawberry.UNSET, description="New subject with dynamic fields, one line."
    )
    html: str | None = strawberry.field(default=strawberry.UNSET, description="New HTML part with dynamic fields.")
    text: str | None = strawberry.field(
        default=strawberry.UNSET, description="New text part; null: it is made from each email's HTML."
    )
    category_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="Identifier of another category, such as `cat_…`; null removes the template from its category.",
    )
    transactional: bool | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whether its emails also go to addresses that have unsubscribed. Cannot be null.",
    )


@strawberry.type(description="Result of the mutations on templates: the template, or errors.")
class TemplatePayload(Payload):
    template: Template | None = strawberry.field(
        default=None, description="The template after the change; null if there are errors."
    )

    @strawberry.field(
        metadata=cost(500, size=WARNINGS),
        description="What would be removed from the HTML of the template's emails, such as `<script>` or "
        "`onclick`. The template itself is saved as it was written. Empty if there are "
        "errors.",
    )
    async def warnings(self, info: Request) -> list[WarningLine]:
        if self.template is None:
            return []
        return warning_lines(
            await template_warnings.html_removed(info.context.workspace_context.workspace_id, self.template.html)
        )


@strawberry.type
class TemplateMutation:
    @mutation(description="Create a template for email steps.")
    async def create_template(
        self,
        info: Request,
        input: Annotated[TemplateInput, strawberry.argument(description="Name, subject and body of the new template.")],
    ) -> TemplatePayload:
        row = await templates.create_template(info.context.workspace_context, **given_fields(input))
        return TemplatePayload(template=from_row(Template, row))

    @mutation(description="Change a template. Emails that have not been sent yet use the new content.")
    async def update_template(
        self,
        info: Request,
        id: TemplateId,
        input: Annotated[
            TemplateChanges, strawberry.argument(description="The content to change; what is left out stays as it is.")
        ],
    ) -> TemplatePayload:
        changed = await templates.update_template(info.context.workspace_context, id, **given_fields(input))
        return TemplatePayload(template=from_row(Template, changed))
