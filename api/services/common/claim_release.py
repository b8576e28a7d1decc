"""Release claimed emails after a change, so that they are rendered again."""

from api.services.common.context import WorkspaceContext
from api.store import send_ledger


async def release_claimed(context: WorkspaceContext, column: send_ledger.ClaimColumn, *keys: str) -> None:
    """Release claimed emails whose transmission has not started, so that they are rendered with the changed data.

    Call it after the change is committed.
    """
    if keys and await send_ledger.release_claims(column, keys):
        context.wake()
