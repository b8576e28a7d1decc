"""The filter of campaigns."""

from typing import Annotated

import strawberry

from api.graphql.engine.enums.table_enums import CampaignStatus
from api.graphql.sort_orders import CampaignOrder
from api.services.campaigns import campaign_reads


@strawberry.input(description="Selects campaigns that match every given field. An empty list matches none.")
class CampaignFilter:
    search: str | None = strawberry.field(
        default=None,
        description="Only campaigns whose name has each word of this text, in upper or lower case.",
    )
    status: list[CampaignStatus] | None = strawberry.field(
        default=None, description="Only campaigns with one of these statuses. If left out, campaigns of every status."
    )
    category_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only campaigns of the category with this `id`."
    )
    sender_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only campaigns of the sender with this `id`."
    )
    template_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only campaigns with a step that uses the template with this `id`."
    )


def read_filter(chosen: CampaignFilter | None) -> campaign_reads.CampaignFilter:
    """Return a filter as services take it."""
    if chosen is None:
        return campaign_reads.CampaignFilter()
    return campaign_reads.CampaignFilter(
        chosen.search, chosen.status, chosen.category_id, chosen.sender_id, chosen.template_id
    )


CampaignsWhere = Annotated[
    CampaignFilter | None,
    strawberry.argument(description="Only campaigns that meet this filter. If left out, all campaigns."),
]
CampaignsOrderBy = Annotated[
    CampaignOrder | None,
    strawberry.argument(description="The order of the list. If left out, in the order of creation."),
]
