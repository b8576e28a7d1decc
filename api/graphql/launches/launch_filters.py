"""The filter of background launches."""

from typing import Annotated

import strawberry

from api.graphql.engine.enums.table_enums import LaunchStatus
from api.graphql.sort_orders import CreatedOrder


@strawberry.input(description="Selects background launches that match every given field. An empty list matches none.")
class LaunchFilter:
    campaign_id: strawberry.ID | None = strawberry.field(
        default=None, description="Only launches of the campaign with this `id`."
    )
    status: list[LaunchStatus] | None = strawberry.field(
        default=None, description="Only launches with one of these statuses. If left out, of every status."
    )


LaunchesWhere = Annotated[
    LaunchFilter | None,
    strawberry.argument(description="Only launches that meet this filter. If left out, all launches."),
]
LaunchesOrderBy = Annotated[
    CreatedOrder | None,
    strawberry.argument(description="The order of the list. If left out, the newest first."),
]
