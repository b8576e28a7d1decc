"""Read the state of the mailboxes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api.services.common.request_context import WorkspaceContext
from api.services.mailboxes.watcher import accounts_of
from api.states import MailboxState
from api.store.replies import mailboxes
from plugins.loading.manager import Installed


async def mailboxes_of(context: WorkspaceContext) -> list[Mapping[str, Any]]:
    """Return the accounts that the workspace may use, with their folders."""
    allowed = context.workspace.accounts
    configured = accounts_of(context.installed)
    names = [account for account in configured if allowed is None or account in allowed]
    now = context.clock()
    folders = await mailboxes.folders(names)
    return [
        {**row, "state": _state(row, now), "folders": folders.get(row["account"], [])} for row in await _rows(names)
    ]


async def mailbox_numbers(installed: Installed, now: datetime) -> dict[str, tuple[bool, float | None]]:
    """Return for each configured account whether it is read, and the seconds since all its mails were read.

    The seconds are None until the account has been read for the first time.
    """
    return {
        row["account"]: (
            _state(row, now) in {MailboxState.READING, MailboxState.WATCHING},
            row["checked_at"] and max(0.0, (now - row["checked_at"]).total_seconds()),
        )
        for row in await _rows(list(accounts_of(installed)))
    }


async def _rows(names: list[str]) -> list[dict[str, Any]]:
    """Return the rows of these accounts. An account without a row gets one with only its name."""
    found = {row["account"]: row for row in await mailboxes.accounts(names)}
    unseen = dict.fromkeys(("lease_until", "checked_at", "failing_since", "retry_at"))
    starting = {"state": MailboxState.UNWATCHED, "code": "", "detail": "", "failures": 0, **unseen}
    return [found.get(name, {"account": name, **starting}) for name in sorted(names)]


def _state(row: Mapping[str, Any], now: datetime) -> MailboxState:
    """Return the state. An account whose process has ended without a failure is UNWATCHED."""
    if row["state"] == MailboxState.FAILED:
        return MailboxState.FAILED
    if row["lease_until"] is None or row["lease_until"] <= now:
        return MailboxState.UNWATCHED
    return MailboxState(row["state"])
