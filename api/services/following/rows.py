"""The rows that a client begins to follow."""

from api.models import Launch, PeopleImport, Workspace
from api.services.common.request_context import WorkspaceContext
from api.store.engine.rows import get_or_refuse

__all__ = ["clock", "launch", "people_import"]


async def launch(context: WorkspaceContext, launch_id: str) -> Launch:
    """Return a background launch. Raises Refusal NOT_FOUND."""
    return await get_or_refuse(Launch, context.workspace_id, launch_id, ("id",))


async def people_import(context: WorkspaceContext, import_id: str) -> PeopleImport:
    """Return an import of people. Raises Refusal NOT_FOUND."""
    return await get_or_refuse(PeopleImport, context.workspace_id, import_id, ("id",))


async def clock(context: WorkspaceContext) -> Workspace:
    """Return the workspace, whose clock is in its row if it is a sandbox."""
    return await Workspace.get(id=context.workspace_id)
