"""Read the senders and the events of a workspace."""

from api.models import Sender
from api.services.common.lists.filters import search_text
from api.services.common.lists.row_lists import RowList
from api.services.common.request_context import WorkspaceContext
from api.sorts import NamedSort, Order
from api.store.engine.listing.listing import Listing
from api.store.engine.rows import find
from api.store.named_lists import named_list


async def sender(context: WorkspaceContext, sender_id: str) -> Sender | None:
    """Return a sender."""
    return await find(Sender, context.workspace_id, sender_id)


async def senders(
    context: WorkspaceContext, search: str | None = None, order: Order[NamedSort] | None = None
) -> RowList:
    """Return the senders whose name or address has a text. Raises Refusal TOO_MANY_TO_SORT."""
    everything = Listing(Sender).equal(workspace_id=context.workspace_id)
    return RowList(await named_list(everything, [], order, search=search_text(search), searched=("name", "email")))
