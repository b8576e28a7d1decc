"""Read bulk actions, and the items that they did not change."""

from api.models import BulkAction, BulkRefusal
from api.services.common.lists.row_lists import RowList, list_rows
from api.services.common.request_context import WorkspaceContext
from api.store.engine.listing.listing import Listing
from api.store.engine.rows import find


async def bulk_action(context: WorkspaceContext, action_id: str) -> BulkAction | None:
    """Return a bulk action."""
    return await find(BulkAction, context.workspace_id, action_id)


def bulk_actions(context: WorkspaceContext) -> RowList:
    """Return the bulk actions, the newest first."""
    return list_rows(BulkAction, context, newest_first=True)


def refusals(action_id: str) -> RowList:
    """Return the items that a bulk action did not change. The caller has found the action."""
    return RowList(Listing(BulkRefusal).equal(bulk_action_id=action_id))
