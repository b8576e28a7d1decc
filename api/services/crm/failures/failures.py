"""The list of failed writes to the CRM, and what users can do with one: retry it, or drop it."""

from api.services.common.lists.row_lists import RowList
from api.services.common.request_context import WorkspaceContext
from api.sorts import CrmFailureSort, Direction, Order
from api.store.crm import failures as store
from api.store.crm.failures import CrmFailureFilter
from api.store.engine.rows import is_possible_id, not_found

__all__ = ["CrmFailureFilter", "drop_write", "failures", "retry_write"]

NEWEST_FIRST = Order(CrmFailureSort.FAILED_AT, Direction.DESC)
ID = ("id",)


def failures(
    context: WorkspaceContext, chosen: CrmFailureFilter, order: Order[CrmFailureSort] | None = None
) -> RowList:
    """Return the failed writes of a filter; without an order, the last failure first."""
    return RowList(store.failures(context.workspace_id, chosen, order or NEWEST_FIRST))


async def retry_write(context: WorkspaceContext, change_id: str) -> None:
    """Try a failed write again at once. Raises Refusal."""
    found = is_possible_id(change_id) and await store.retry(context.workspace_id, change_id, context.clock())
    _refuse_unless(found, change_id)
    context.wake()


async def drop_write(context: WorkspaceContext, change_id: str) -> None:
    """Give up a failed write. The CRM gets the object again when it changes the next time. Raises Refusal."""
    found = is_possible_id(change_id) and await store.drop(context.workspace_id, change_id)
    _refuse_unless(found, change_id)


def _refuse_unless(found: bool, change_id: str) -> None:
    if not found:
        raise not_found("failed write", change_id, ID)
