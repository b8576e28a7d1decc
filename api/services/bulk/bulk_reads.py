"""Read bulk actions, and the items that they did not change."""

from collections.abc import Sequence

from api.command_center import BulkActionStatus
from api.models import BulkAction, BulkRefusal
from api.services.common.lists.row_lists import RowList
from api.services.common.request_context import WorkspaceContext
from api.sorts import CreatedSort, Order
from api.store.engine.listing.listing import Listing
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.rows import find
from api.store.engine.sql import in_values


async def bulk_action(context: WorkspaceContext, action_id: str) -> BulkAction | None:
    """Return a bulk action."""
    return await find(BulkAction, context.workspace_id, action_id)


def bulk_actions(
    context: WorkspaceContext,
    statuses: Sequence[BulkActionStatus] | None = None,
    order: Order[CreatedSort] | None = None,
) -> RowList:
    """Return the bulk actions with one of the statuses, without an order the newest first."""
    listing = Listing(BulkAction, descending=order is None or order.descending).equal(workspace_id=context.workspace_id)
    if statuses is not None:  # no index has the status: ended actions are deleted after a month
        listing = listing.only_if(Condition(in_values("status", "{}"), (list(statuses),)))
    return RowList(listing)


def refusals(action_id: str) -> RowList:
    """Return the items that a bulk action did not change. The caller has found the action."""
    return RowList(Listing(BulkRefusal).equal(bulk_action_id=action_id))
