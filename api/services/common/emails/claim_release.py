"""Release claimed emails after a change, so that they are rendered again."""

from api.services.common.request_context import WorkspaceContext
from api.store.dispatch import claims


async def release_claimed(context: WorkspaceContext, column: claims.ClaimColumn, *keys: str) -> None:
    """Release claimed emails whose transmission has not started, so that they are rendered with the changed data.

    Call it after the change is committed.
    """
    if keys and await claims.release_claims(column, keys):
        context.wake()
