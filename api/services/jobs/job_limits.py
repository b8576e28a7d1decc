"""Limit the unfinished imports and launches of a workspace: each keeps a file or an audience in the database."""

from typing import Any

from tortoise.queryset import QuerySet

from api.codes.jobs import JobCode
from api.models import Workspace
from api.store.engine.database import is_postgres
from strategies import Refusal

MAX_IMPORTS = 5
"""The most unfinished imports of a workspace."""
MAX_LAUNCHES = 20
"""The most unfinished background launches of a workspace, including paused ones."""


async def refuse_further_import(running: QuerySet[Any], workspace_id: str) -> None:
    """Refuse an import if the workspace has MAX_IMPORTS ``running``. Call in the transaction that adds it."""
    if await _count(running, workspace_id) >= MAX_IMPORTS:
        raise Refusal.of(JobCode.TOO_MANY_IMPORTS, ("csv",), limit=MAX_IMPORTS)


async def refuse_further_launch(running: QuerySet[Any], workspace_id: str) -> None:
    """Refuse a launch if the workspace has MAX_LAUNCHES ``running``. Call in the transaction that adds it."""
    if await _count(running, workspace_id) >= MAX_LAUNCHES:
        raise Refusal.of(JobCode.TOO_MANY_LAUNCHES, ("campaignId",), limit=MAX_LAUNCHES)


async def _count(running: QuerySet[Any], workspace_id: str) -> int:
    """Count the running jobs. Other transactions wait before they count those of the same workspace."""
    if is_postgres():
        await Workspace.filter(id=workspace_id).select_for_update(no_key=True).only("id").first()
    return await running.filter(workspace_id=workspace_id).count()
