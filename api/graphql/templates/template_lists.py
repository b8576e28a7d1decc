"""The list of the campaigns that use a template."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from api.graphql.campaigns.campaign_filters import CampaignsOrderBy, CampaignsWhere, read_filter
from api.graphql.engine.graphql_context import Request
from api.graphql.engine.lists.relay import After, Before, Connection, First, Last, PageRequest, connect, page_cost
from api.graphql.sort_orders import order_of
from api.services.campaigns import campaign_reads
from api.services.common.lists.filters import within

if TYPE_CHECKING:
    from api.graphql.campaigns.campaigns import Campaign


@strawberry.type
class TemplateLists:
    """The list of the campaigns that use a template."""

    id: strawberry.ID

    @strawberry.field(metadata=page_cost(), description="The campaigns with a step that uses the template.")
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
        chosen = within(read_filter(filter), template_id=str(self.id))
        rows = await campaign_reads.campaigns(info.context.workspace_context, chosen, order_of(order_by))
        return await connect(rows, PageRequest(first, after, last, before), info)
