"""Limit the unfinished jobs of a workspace: each keeps a file, an audience or a list of ids in the database."""

from typing import Any

from tortoise.queryset import QuerySet

from api.codes.refusals.bulk_actions import BulkCode
from api.codes.refusals.jobs import JobCode
from api.store.workspaces import lock_workspace
from strategies import Refusal

MAX_IMPORTS = 5
"""The most unfinished imports of a workspace."""
MAX_LAUNCHES = 20
"""The most unfinished background launches of a workspace, including paused ones."""
MAX_BULK_ACTIONS = 10
"""The most unfinished bulk actions of a workspace."""


async def refuse_further_import(running: QuerySet[Any], workspace_id: str) -> None:
    """Refuse an import if the workspace has MAX_IMPORTS ``running``. Call in the transaction that adds it."""
    if await _count(running, workspace_id) >= MAX_IMPORTS:
        raise Refusal.of(JobCode.TOO_MANY_IMPORTS, ("csv",), limit=MAX_IMPORTS)


async def refuse_further_launch(running: QuerySet[Any], workspace_id: str) -> None:
    """Refuse a launch if the workspace has MAX_LAUNCHES ``running``. Call in the transaction that adds it."""
    if await _count(running, workspace_id) >= MAX_LAUNCHES:
        raise Refusal.of(JobCode.TOO_MANY_LAUNCHES, ("campaignId",), limit=MAX_LAUNCHES)


async def refuse_further_bulk_action(running: QuerySet[Any], workspace_id: str) -> None:
    """Refuse a bulk action if the workspace has MAX_BULK_ACTIONS ``running``. Call in the transaction that adds it."""
    if await _count(running, workspace_id) >= MAX_BULK_ACTIONS:
        raise Refusal.of(BulkCode.TOO_MANY_BULK_ACTIONS, (), limit=MAX_BULK_ACTIONS)


async def _count(running: QuerySet[Any], workspace_id: str) -> int:
    """Count the running jobs. Other transactions wait before they count those of the same workspace."""
    await lock_workspace(workspace_id)
    return await running.filter(workspace_id=workspace_id).count()
