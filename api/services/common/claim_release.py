"""Emails that a process has claimed and not begun to send."""

from api.services.common.context import WorkspaceContext
from api.store import send_ledger


async def release_claimed(context: WorkspaceContext, column: send_ledger.ClaimColumn, *keys: str) -> None:
    """Release claimed emails that have not begun to leave, so that they are written again with what has changed.

    Call after the commit of the change.
    """
    if keys and await send_ledger.release_claims(column, keys):
        context.wake()
