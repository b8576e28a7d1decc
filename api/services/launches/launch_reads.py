"""Read background launches: one by id, the list with its filter, and who was left out."""

from collections.abc import Sequence

from api.models import Campaign, Launch, LeftOut
from api.services.common.lists.filters import FILTER, check_id, id_condition, own_id
from api.services.common.lists.row_lists import RowList
from api.services.common.request_context import WorkspaceContext
from api.sorts import CreatedSort, Direction, NamedSort, Order
from api.states import LaunchStatus
from api.store.engine.listing.listing import Listing
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.rows import find
from api.store.named_lists import equal, named_list


async def launch(context: WorkspaceContext, launch_id: str) -> Launch | None:
    """Return a launch."""
    return await find(Launch, context.workspace_id, launch_id)


async def launches(
    context: WorkspaceContext,
    campaign_id: str | None = None,
    statuses: Sequence[LaunchStatus] | None = None,
    order: Order[CreatedSort] | None = None,
) -> RowList:
    """Return the launches of a campaign or of all, with one of the statuses, the newest first.

    Raises Refusal.
    """
    if campaign_id is not None:
        check_id("campaign", campaign_id, (*FILTER, "campaignId"))
    everything = Listing(Launch).equal(workspace_id=context.workspace_id)
    conditions = equal(campaign_id=await own_id(Campaign, context, campaign_id))
    if statuses is not None:
        conditions.append([Condition("status = {}", (status,)) for status in dict.fromkeys(statuses)])
    direction = Direction.DESC if order is None else order.direction
    return RowList(await named_list(everything, conditions, Order(NamedSort.CREATED, direction)))


def left_out_people(launch_id: str, code: str | None = None) -> RowList:
    """Return the people whom a launch left out, for one reason or any. The caller has found the launch."""
    conditions = {"launch_id": launch_id} | ({} if code is None else {"code": id_condition(code)})
    return RowList(Listing(LeftOut).equal(**conditions))
