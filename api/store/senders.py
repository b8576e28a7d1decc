"""Senders, and account pauses across all workspaces."""

from api.models import AccountPause, Sender
from api.store.engine.sql import execute


async def channels_in_use() -> list[str]:
    """Return the keys of the channels that senders of real workspaces use."""
    rows = await execute(
        "SELECT DISTINCT s.channel FROM sender s JOIN workspace w ON w.id = s.workspace_id WHERE NOT w.sandbox"
    )
    return [row["channel"] for row in rows]


async def oldest_sender(workspace_id: str) -> Sender | None:
    """Return the workspace's first sender; None if it has none."""
    return await Sender.filter(workspace_id=workspace_id).order_by("id").first()


async def senders_of(workspace_id: str) -> list[Sender]:
    """Return the senders of a workspace, the oldest first."""
    return await Sender.filter(workspace_id=workspace_id).order_by("id")


async def real_senders() -> list[Sender]:
    """Return the senders of all workspaces except sandboxes, by id."""
    return await Sender.filter(workspace__sandbox=False).order_by("id")


async def paused_accounts() -> dict[str, AccountPause]:
    """Return the pauses by account. An ended pause stays in the table until the account sends an email."""
    return {row.account: row for row in await AccountPause.all()}
