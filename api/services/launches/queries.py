"""Read background launches: one by id, the list with its filter, and who was left out."""

from api.models import Launch, LeftOut
from api.services.common.context import WorkspaceContext
from api.services.common.row_lists import RowList, id_condition, list_rows
from api.store.engine.listing import Listing
from api.store.engine.rows import find, get_or_refuse


async def launch(context: WorkspaceContext, launch_id: str) -> Launch | None:
    """Return a launch."""
    return await find(Launch, context.workspace_id, launch_id)


async def launch_to_follow(context: WorkspaceContext, launch_id: str) -> Launch:
    """Return a launch. Raises Refusal NOT_FOUND."""
    return await get_or_refuse(Launch, context.workspace_id, launch_id, ("id",))


def launches(context: WorkspaceContext, campaign_id: str | None = None) -> RowList:
    """Return the launches, of one campaign or of all, the newest first."""
    conditions = {} if campaign_id is None else {"campaign_id": id_condition(campaign_id)}
    return list_rows(Launch, context, newest_first=True, **conditions)


def left_out_people(launch_id: str) -> RowList:
    """Return the people whom a launch left out. The caller has found the launch."""
    return RowList(Listing(LeftOut).equal(launch_id=launch_id))
