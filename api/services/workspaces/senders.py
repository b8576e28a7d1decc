"""Create and change senders."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from api.codes.workspaces import WorkspaceCode
from api.ids import new_id
from api.mail.address import address_key
from api.models import Sender
from api.services.common import inputs
from api.services.common.claim_release import release_claimed
from api.services.common.context import WorkspaceContext
from api.services.workspaces.accounts import account_name, may_use
from api.store import account_pauses
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import retry_on_deadlock, transaction
from api.store.senders import real_senders
from api.store.suppressions import prevent_new_addresses
from plugins.manager import Installed
from strategies import Refusal


async def create_sender(
    context: WorkspaceContext,
    *,
    name: str,
    email: str,
    zone: str,
    channel: str = "outbox",
    channel_config: Any = None,
    throttle: tuple[int, int] | None = None,
    daily_cap: int | None = None,
) -> Sender:
    """Create a sender. ``throttle`` is (emails, seconds), ``daily_cap`` emails in 24 hours. Raises Refusal."""
    row = Sender(id=new_id("sdr"), workspace_id=context.workspace_id, created_at=context.now)
    values: dict[str, Any] = {
        "name": name,
        "email": email,
        "zone": zone,
        "channel": channel,
        "channel_config": channel_config,
    }
    values |= {"throttle": throttle, "daily_cap": daily_cap}
    return await _set(context, row, values, create=True)


async def update_sender(context: WorkspaceContext, sender_id: str, **values: Any) -> Sender:
    """Change the given values. A new zone applies to later launches only. Raises Refusal."""
    row = await get_or_refuse(Sender, context.workspace_id, sender_id, ("id",))
    changed = await _set(context, row, values, create=False)
    await release_claimed(context, "sender_id", row.id)
    context.wake()  # the throttle may allow more emails now, or the account may have changed
    return changed


async def end_account_pause(context: WorkspaceContext, sender_id: str) -> Sender:
    """End the pause of a sender's account, because its cause is fixed. Raises Refusal.

    If other workspaces use the account as well, only the operator may end its pause.
    """
    row = await get_or_refuse(Sender, context.workspace_id, sender_id, ("id",))
    account = shown_account(context, row)
    if account is None:
        return row
    if (await are_accounts_shared(context, [account]))[0]:
        raise Refusal.of(WorkspaceCode.ACCOUNT_SHARED, ("id",), account=account)
    await end_pause(account, await senders_of_account(context.installed, account), context.clock())
    context.wake()
    return row


@retry_on_deadlock
async def end_pause(account: str, users: Sequence[Sender], now: datetime) -> bool:
    """End the pause of an account. ``users`` are its senders. Returns False if it was not paused.

    The email on which the account failed was postponed, so that other emails go first. It becomes due at once as well.
    """
    async with transaction():
        reason = await account_pauses.reason_of(account)
        if reason is not None:
            await account_pauses.make_due(
                [each.id for each in users], reason, now, now + account_pauses.FAILED_EMAIL_WAIT
            )
        await account_pauses.delete_pause(account)
    return reason is not None


async def are_accounts_shared(context: WorkspaceContext, accounts: Sequence[str]) -> list[bool]:
    """Say for each account whether other workspaces use it as well."""
    others = [each for each in await real_senders() if each.workspace_id != context.workspace_id]
    accounts_of_others = {account_of_sender(context.installed, each) for each in others}
    return [account in accounts_of_others for account in accounts]


async def senders_of_account(installed: Installed, account: str) -> list[Sender]:
    """Return the senders that send through an account, in all workspaces except sandboxes."""
    return [each for each in await real_senders() if account_of_sender(installed, each) == account]


def account_of_sender(installed: Installed, row: Sender) -> str | None:
    """Return the account that sends a sender's emails, or None if its channel is not installed."""
    channel = installed.channels.get(row.channel)
    return None if channel is None else account_name(channel, row.channel_config, row.id)


def shown_account(context: WorkspaceContext, row: Sender) -> str | None:
    """Return the account that sends a sender's emails, or None if there is none, as in a sandbox."""
    return None if context.workspace.sandbox else account_of_sender(context.installed, row)


def _check_limit(value: int | None, limit: int, path: inputs.Path) -> int | None:
    if value is not None and not 1 <= value <= limit:
        raise Refusal.of(WorkspaceCode.INVALID_THROTTLE, path, argument=path[-1], limit=limit, value=value)
    return value


async def _set(context: WorkspaceContext, row: Sender, values: dict[str, Any], *, create: bool) -> Sender:
    checks: dict[str, Callable[[Any], Any]] = {
        "name": lambda value: inputs.line(value or "", ("name",)),
        "email": lambda value: inputs.address(value or "", ("email",)),
        "zone": lambda value: inputs.zone(value or "", ("zone",)),
        "channel": lambda value: value,
        "daily_cap": lambda value: _check_limit(value, 1_000_000, ("dailyCap",)),
        "channel_config": lambda value: {} if value is None else value,
    }
    changed = set(values)
    if "throttle" in values:
        changed = changed - {"throttle"} | {"throttle_emails", "throttle_seconds"}
        emails, seconds = values.pop("throttle") or (None, None)
        row.throttle_emails = _check_limit(emails, 100_000, ("throttle", "emails"))
        row.throttle_seconds = _check_limit(seconds, 86_400, ("throttle", "seconds"))
    for key, value in values.items():
        setattr(row, key, checks[key](value))
    channel = context.installed.channels.get(row.channel)
    if channel is None:
        installed = ", ".join(context.installed.channels)
        raise Refusal.of(WorkspaceCode.CHANNEL_UNKNOWN, ("channel",), channel=row.channel, installed=installed)
    row.channel_config = inputs.config(row.channel_config, channel.config_schema, ("channelConfig",))
    if not may_use(context.workspace, account := account_name(channel, row.channel_config, row.id)):
        raise Refusal.of(WorkspaceCode.ACCOUNT_NOT_ALLOWED, ("channelConfig",), account=account)
    exists = Refusal.of(WorkspaceCode.SENDER_EXISTS, ("email",), email=row.email)
    if "email" in values:
        row.email_key = address_key(row.email)
        changed |= {"email_key"}
    # Senders with the same normalised address share a mailbox. A second one would have its own throttle and cap.
    same = Sender.filter(workspace_id=row.workspace_id, email_key=row.email_key).exclude(id=row.id)
    try:
        async with transaction():
            if "email" in values:
                await prevent_new_addresses(row.workspace_id)
                if await same.exists():
                    raise exists
            await row.save(force_create=create, update_fields=None if create else sorted(changed | {"channel_config"}))
    except IntegrityError:
        raise exists from None
    return row
