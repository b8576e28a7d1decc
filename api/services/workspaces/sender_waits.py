"""What makes the due emails of a sender wait: a limit that it has reached, or a pause of its account."""

import asyncio
from collections.abc import Sequence

from api.models import AccountPause, Sender
from api.services.common.request_context import WorkspaceContext
from api.services.workspaces.account_users import account_of_sender
from api.store.dispatch import throttles
from api.store.dispatch.throttles import ReachedLimit
from api.store.engine.rows import by_ids

__all__ = ["ReachedLimit", "account_pauses", "reached_limit"]


def reached_limit(context: WorkspaceContext, row: Sender) -> ReachedLimit | None:
    """Return the limit that a sender has reached; None if it may send now, or has had nothing to send since."""
    reached = throttles.reached_limit(
        {name: getattr(row, name) for name in ("limited_until", "limited_emails", "limited_seconds")}
    )
    return reached if reached is not None and reached.until > context.now else None


async def account_pauses(context: WorkspaceContext, sender_ids: Sequence[str]) -> list[AccountPause | None]:
    """Return for each sender the pause of its account; None if it is not paused. A sandbox uses no account."""
    pauses = {} if context.workspace.sandbox else {row.account: row for row in await AccountPause.all()}
    pauses = {account: row for account, row in pauses.items() if row.until > context.clock()}
    if not pauses:
        return [None] * len(sender_ids)
    senders = await by_ids(Sender, context.workspace_id, list(sender_ids))
    rows = [senders.get(sender_id) for sender_id in sender_ids]
    accounts = await asyncio.gather(*(account_of_sender(context.installed, row) for row in rows if row is not None))
    account_of = dict(zip((row.id for row in rows if row is not None), accounts, strict=True))
    return [pauses.get(account_of.get(sender_id) or "") for sender_id in sender_ids]
