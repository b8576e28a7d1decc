"""Templates."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.graphql.arguments.ids import TemplateId
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.engine.node_interface import Node
from api.graphql.engine.rows import from_row
from api.graphql.limits.cost import cost
from api.graphql.sort_orders import order_of
from api.graphql.stats import Stats, stats_of
from api.graphql.templates.categories import Category
from api.graphql.templates.template_filters import TemplatesOrderBy, TemplatesWhere, read_filter
from api.graphql.templates.template_lists import TemplateLists
from api.services.templates import template_reads

if TYPE_CHECKING:
    from api.graphql.campaigns.steps import Step


@strawberry.type(
    description='The content of an email, with dynamic fields such as `{{ first_name | default: "there" }}`.'
)
class Template(TemplateLists, Node):
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
        description="Whether its emails also go to addresses that have unsubscribed, without an unsubscribe line. It "
        "is for emails that a person needs, such as an invoice."
    )
    version: int = strawberry.field(
        description="Starts at 1 and increases with each change of the template. Pass the version that you have read "
        "as `ifVersion` of a mutation, so that you do not overwrite someone else's change."
    )
    archived_at: datetime | None = strawberry.field(
        description="When the template was archived, UTC; null if it is not. An archived template cannot be changed, "
        "and no further step can use it. Steps that use it keep it."
    )
    created_at: datetime = strawberry.field(description="When the template was created, by the workspace's clock. UTC.")
    category_id: strawberry.Private[str | None]

    @strawberry.field(description="The category under which reps find the template; null if it has none.")
    async def category(self, info: Request) -> Category | None:
        return await info.context.loaders.category.load(self.category_id) if self.category_id else None

    @strawberry.field(
        metadata=cost(60),
        description="Numbers of the emails from this template over all days. An email counts from its first "
        "attempt on.",
    )
    async def stats(self, info: Request) -> Stats:
        return stats_of(await info.context.loaders.counts_of_template.load(self.id))

    @strawberry.field(
        metadata=page_cost(),
        description="The steps that use the template, in the order in which they were added. Removed steps are left "
        "out.",
    )
    async def used_by(
        self, info: Request, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated["Step", strawberry.lazy("api.graphql.campaigns.steps")]]:
        return await connect(template_reads.steps_using(self.id), PageRequest(first, after, last, before), info)


@strawberry.type
class TemplateQuery:
    @strawberry.field(
        metadata=cost(100, queries=True), description="The template with this id; null if the workspace has none."
    )
    async def template(self, info: Request, id: TemplateId) -> Template | None:
        return from_row(Template, await template_reads.template(info.context.workspace_context, id))

    @strawberry.field(
        metadata=page_cost(),
        description="All templates of the workspace, in the order in which they were created.",
    )
    async def templates(
        self,
        info: Request,
        filter: TemplatesWhere = None,
        order_by: TemplatesOrderBy = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Template]:
        rows = await template_reads.templates(info.context.workspace_context, read_filter(filter), order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)
