"""The campaigns and templates of one category."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from api.graphql.campaigns.campaign_filters import CampaignsOrderBy, CampaignsWhere
from api.graphql.campaigns.campaign_filters import read_filter as read_campaign_filter
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.sort_orders import order_of
from api.graphql.templates.template_filters import TemplatesOrderBy, TemplatesWhere
from api.graphql.templates.template_filters import read_filter as read_template_filter
from api.services.campaigns import campaign_reads
from api.services.common.lists.filters import within
from api.services.templates import template_reads

if TYPE_CHECKING:
    from api.graphql.campaigns.campaigns import Campaign
    from api.graphql.templates.templates import Template


@strawberry.type
class CategoryLists:
    """The campaigns and templates of one category."""

    id: strawberry.ID

    @strawberry.field(metadata=page_cost(), description="The campaigns of the category, in the order of creation.")
    async def campaigns(
        self,
        info: Request,
        filter: CampaignsWhere = None,
        order_by: CampaignsOrderBy = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated["Campaign", strawberry.lazy("api.graphql.campaigns.campaigns")]]:
        chosen = within(read_campaign_filter(filter), category_id=str(self.id))
        rows = await campaign_reads.campaigns(info.context.workspace_context, chosen, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)

    @strawberry.field(metadata=page_cost(), description="The templates of the category, in the order of creation.")
    async def templates(
        self,
        info: Request,
        filter: TemplatesWhere = None,
        order_by: TemplatesOrderBy = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Annotated["Template", strawberry.lazy("api.graphql.templates.templates")]]:
        chosen = within(read_template_filter(filter), category_id=str(self.id))
        rows = await template_reads.templates(info.context.workspace_context, chosen, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)
