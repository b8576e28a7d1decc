"""Bound the background jobs that a workspace runs, or lets wait, at once: each keeps a file or an audience stored."""

from typing import Any

from tortoise.queryset import QuerySet

from api.codes.jobs import JobCode
from api.models import Workspace
from api.store.engine.database import is_postgres
from strategies import Refusal

MAX_IMPORTS = 5
"""Imports of a workspace that run or wait at once."""
MAX_LAUNCHES = 20
"""Background launches of a workspace that run, wait or are paused at once."""


async def refuse_further_import(running: QuerySet[Any], workspace_id: str) -> None:
    """Refuse an import where ``running`` has as many as a workspace may have. Call in the transaction that adds it."""
    if await _count(running, workspace_id) >= MAX_IMPORTS:
        raise Refusal.of(JobCode.TOO_MANY_IMPORTS, ("csv",), limit=MAX_IMPORTS)


async def refuse_further_launch(running: QuerySet[Any], workspace_id: str) -> None:
    """Refuse a launch where ``running`` has as many as a workspace may have. Call in the transaction that adds it."""
    if await _count(running, workspace_id) >= MAX_LAUNCHES:
        raise Refusal.of(JobCode.TOO_MANY_LAUNCHES, ("campaignId",), limit=MAX_LAUNCHES)


async def _count(running: QuerySet[Any], workspace_id: str) -> int:
    """Count, and let nobody else count for the workspace until the transaction ends."""
    if is_postgres():
        await Workspace.filter(id=workspace_id).select_for_update(no_key=True).only("id").first()
    return await running.filter(workspace_id=workspace_id).count()
