"""Mutations on templates."""

from typing import Annotated

import strawberry

from api.graphql.arguments.given_fields import given_fields
from api.graphql.arguments.ids import StepId, TemplateId
from api.graphql.arguments.versions import IfVersion
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.payloads import Payload, mutation
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.limits.list_sizes import WARNINGS
from api.graphql.templates.templates import Template
from api.graphql.warnings import WarningLine, warning_lines
from api.services.templates import step_templates, template_archive, template_warnings, templates


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


@strawberry.type(description="Result of deleteTemplate: the id of the deleted template, or errors.")
class DeleteTemplatePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(
        default=None, description="`id` of the deleted template; null if there are errors."
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

    @mutation(
        description="Save the email of a step as a new template: its subject, HTML and text, with their dynamic "
        "fields. The step stays as it is; to let it use the template, give `templateId` to `changeStep`."
    )
    async def save_step_as_template(
        self,
        info: Request,
        step_id: StepId,
        name: Annotated[str, strawberry.argument(description="Name of the template for reps, such as `Trial ends`.")],
        category_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="Identifier of the category for the template, such as `cat_…`."),
        ] = None,
    ) -> TemplatePayload:
        context = info.context.workspace_context
        row = await step_templates.save_step_as_template(context, step_id, name=name, category_id=category_id)
        return TemplatePayload(template=from_row(Template, row))

    @mutation(description="Change a template. Emails that have not been sent yet use the new content.")
    async def update_template(
        self,
        info: Request,
        id: TemplateId,
        input: Annotated[
            TemplateChanges, strawberry.argument(description="The content to change. Omitted fields do not change.")
        ],
        if_version: IfVersion = None,
    ) -> TemplatePayload:
        values = given_fields(input)
        changed = await templates.update_template(info.context.workspace_context, id, if_version=if_version, **values)
        return TemplatePayload(template=from_row(Template, changed))

    @mutation(
        description="Archive a template, or take it out of the archive. An archived template cannot be changed, and no "
        "further step can use it. Steps that use it keep it, and their emails are sent."
    )
    async def archive_template(
        self,
        info: Request,
        id: TemplateId,
        archived: Annotated[
            bool, strawberry.argument(description="True moves it to the archive, false takes it out again.")
        ] = True,
        if_version: IfVersion = None,
    ) -> TemplatePayload:
        context = info.context.workspace_context
        row = await template_archive.archive_template(context, id, archived=archived, if_version=if_version)
        return TemplatePayload(template=from_row(Template, row))

    @mutation(
        description="Delete a template that no step uses and from which no email was sent. Otherwise it is refused "
        "with `TEMPLATE_USED`: `Template.usedBy` lists the steps. It cannot be undone."
    )
    async def delete_template(
        self, info: Request, id: TemplateId, if_version: IfVersion = None
    ) -> DeleteTemplatePayload:
        context = info.context.workspace_context
        deleted = await template_archive.delete_template(context, id, if_version=if_version)
        return DeleteTemplatePayload(deleted_id=strawberry.ID(deleted))
