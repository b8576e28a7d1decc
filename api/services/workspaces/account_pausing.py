"""Pause an account and end its pause, and report both in the Live Feed of each workspace that uses the account."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from api.channel_processes.remote_channel import RemoteChannel
from api.codes.events.event_kinds import EventKind
from api.models import Sender
from api.services.workspaces.account_users import senders_of_account
from api.store.dispatch import account_pauses
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.events.events import Data, workspace_event, write
from plugins.loading.manager import Installed
from strategies.timeline.timeline_notes import utc


@retry_on_deadlock
async def pause_account(
    installed: Installed, account: str, now: datetime, code: str, detail: str, requested: timedelta | None = None
) -> datetime | None:
    """Pause an account in all processes. ``requested`` is the pause that the server of the account wants.

    Returns the end of the pause (UTC), or None if the account is already paused. The feed reports the first pause after
    a success, not each further failure.
    """
    users = await senders_of_account(installed, account)  # not in the transaction, because channels may be slow
    async with transaction():
        pause = await account_pauses.pause(account, now, code, detail, requested)
        if pause is not None and pause.is_first:
            data = {"account": account, "reason": code, "until": utc(pause.until)}
            await _tell(users, EventKind.ACCOUNT_PAUSED, now, {**data, **_package(installed, users)})
    return None if pause is None else pause.until


async def account_works(installed: Installed, account: str, now: datetime) -> None:
    """Delete an account's pause after a success.

    A pause that is still on stays, because the email was started before it.
    """
    if await account_pauses.reason_of(account) is None:
        return
    users = await senders_of_account(installed, account)
    async with transaction():
        if await account_pauses.delete_ended_pause(account, now):
            await _tell(users, EventKind.ACCOUNT_RESUMED, now, {"account": account})


@retry_on_deadlock
async def end_pause(account: str, users: Sequence[Sender], now: datetime) -> bool:
    """End the pause of an account. ``users`` are its senders. Returns False if it was not paused.

    The email on which the account failed was postponed, so that other emails go first. It becomes due at once as well.
    """
    async with transaction():
        found = await account_pauses.reason_of(account)
        if found is not None:
            reason, until = found
            latest = max(until, now + account_pauses.FAILED_EMAIL_WAIT)
            await account_pauses.make_due([each.id for each in users], reason, now, latest)
        if await account_pauses.delete_pause(account):
            await _tell(users, EventKind.ACCOUNT_RESUMED, now, {"account": account})
    return found is not None


def _package(installed: Installed, users: Sequence[Sender]) -> dict[str, str]:
    """Return the channel of an account with its package, if that is not Touchline itself."""
    for key in {each.channel for each in users}:
        channel = installed.channels.get(key)
        if isinstance(channel, RemoteChannel):
            return {"channel": key, "package": channel.source.distribution}
    return {}


async def _tell(users: Sequence[Sender], kind: EventKind, now: datetime, data: Data) -> None:
    workspaces = sorted({each.workspace_id for each in users})
    await write([workspace_event(workspace_id, kind, now, data=data) for workspace_id in workspaces])
