"""Save, change, delete and read filters."""

from collections.abc import Sequence
from typing import Any

from tortoise.exceptions import IntegrityError

from api.codes.refusals.saved_filters import SavedFilterCode
from api.command_center import SavedFilterKind
from api.ids import new_id
from api.models import SavedFilter
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.store.engine.rows import find, get_or_refuse
from api.store.engine.transactions import transaction
from api.store.workspaces import lock_workspace
from strategies import Refusal

MAX_FILTERS = 200
"""The most saved filters of a workspace."""
MAX_NAME_CHARACTERS = 100


async def save_filter(
    context: WorkspaceContext, name: str, kind: SavedFilterKind, conditions: dict[str, Any]
) -> SavedFilter:
    """Save a filter. Raises Refusal."""
    row = SavedFilter(id=new_id("flt"), workspace_id=context.workspace_id, kind=kind, created_at=context.now)
    return await _write(row, name, conditions, create=True)


async def change_filter(
    context: WorkspaceContext, filter_id: str, name: str | None, kind: SavedFilterKind | None, conditions: Any
) -> SavedFilter:
    """Give a saved filter another name, other conditions, or both. Raises Refusal."""
    row = await get_or_refuse(SavedFilter, context.workspace_id, filter_id, ("id",))
    if kind is not None and kind is not row.kind:
        raise Refusal.of(SavedFilterCode.FILTER_OF_ANOTHER_LIST, ("filter",), kind=row.kind.lower())
    return await _write(row, row.name if name is None else name, row.conditions if kind is None else conditions)


async def _write(row: SavedFilter, name: str, conditions: dict[str, Any], *, create: bool = False) -> SavedFilter:
    row.name = inputs.line(name, ("name",), limit=MAX_NAME_CHARACTERS)
    row.conditions = inputs.storable(conditions, ("filter",))
    try:
        async with transaction():
            if create:
                await _refuse_further(row.workspace_id)
            await row.save(force_create=create, force_update=not create)
    except IntegrityError:
        raise Refusal.of(SavedFilterCode.SAVED_FILTER_EXISTS, ("name",), name=row.name) from None
    return row


async def _refuse_further(workspace_id: str) -> None:
    """Refuse another filter if the workspace has MAX_FILTERS. Others wait before they count those of the workspace."""
    await lock_workspace(workspace_id)
    if await SavedFilter.filter(workspace_id=workspace_id).count() >= MAX_FILTERS:
        raise Refusal.of(SavedFilterCode.TOO_MANY_SAVED_FILTERS, (), limit=MAX_FILTERS)


async def delete_filter(context: WorkspaceContext, filter_id: str) -> str:
    """Delete a saved filter. Returns its id."""
    row = await get_or_refuse(SavedFilter, context.workspace_id, filter_id, ("id",))
    await row.delete()
    return str(row.id)


async def saved_filter(context: WorkspaceContext, filter_id: str) -> SavedFilter | None:
    """Return a saved filter."""
    return await find(SavedFilter, context.workspace_id, filter_id)


async def saved_filters(context: WorkspaceContext) -> Sequence[SavedFilter]:
    """Return all saved filters, by name."""
    rows = await SavedFilter.filter(workspace_id=context.workspace_id)
    return sorted(rows, key=lambda row: (row.name.casefold(), row.id))
