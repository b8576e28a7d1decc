"""Create and change senders."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from tortoise.exceptions import IntegrityError

from api.codes.refusals.workspaces import WorkspaceCode
from api.codes.request_errors.inputs import InputCode
from api.ids import new_id
from api.mail.address import address_key
from api.mail.message.signature import MAX_SIGNATURE_CHARACTERS, TEMPLATE_MARKS, Signature
from api.models import Sender
from api.services.common.emails.claim_release import release_claimed
from api.services.common.inputs import inputs
from api.services.common.request_context import WorkspaceContext
from api.services.templates import template_inputs
from api.services.workspaces.account_pausing import end_pause
from api.services.workspaces.account_users import account_of_sender, senders_of_account
from api.services.workspaces.accounts import CHECK_PATIENCE_SECONDS, account_name, may_use
from api.store.engine.rows import get_or_refuse
from api.store.engine.transactions import transaction
from api.store.people.suppressions import prevent_new_addresses
from api.store.senders import real_senders
from strategies import Refusal
from strategies.errors import RefusalCollector


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
    title: str = "",
    signature: str = "",
    append_signature: bool = True,
) -> Sender:
    """Create a sender. ``throttle`` is (emails, seconds), ``daily_cap`` emails in 24 hours. Raises Refusal.

    ``signature`` is HTML without dynamic fields.
    """
    row = Sender(id=new_id("sdr"), workspace_id=context.workspace_id, created_at=context.now)
    values: dict[str, Any] = {
        "name": name,
        "email": email,
        "zone": zone,
        "channel": channel,
        "channel_config": channel_config,
    }
    values |= {"throttle": throttle, "daily_cap": daily_cap}
    values |= {"title": title, "signature": signature, "append_signature": append_signature}
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
    account = await shown_account(context, row)
    if account is None:
        return row
    if (await are_accounts_shared(context, [account]))[0]:
        raise Refusal.of(WorkspaceCode.ACCOUNT_SHARED, ("id",), account=account)
    await end_pause(account, await senders_of_account(context.installed, account), context.clock())
    context.wake()
    return row


async def are_accounts_shared(context: WorkspaceContext, accounts: Sequence[str]) -> list[bool]:
    """Say for each account whether other workspaces use it as well."""
    others = [each for each in await real_senders() if each.workspace_id != context.workspace_id]
    accounts_of_others = set(await asyncio.gather(*(account_of_sender(context.installed, each) for each in others)))
    return [account in accounts_of_others for account in accounts]


async def shown_account(context: WorkspaceContext, row: Sender) -> str | None:
    """Return the account that sends a sender's emails, or None if there is none, as in a sandbox."""
    return None if context.workspace.sandbox else await account_of_sender(context.installed, row)


def _check_limit(value: int | None, limit: int, path: inputs.Path) -> int | None:
    if value is not None and not 1 <= value <= limit:
        raise Refusal.of(WorkspaceCode.INVALID_THROTTLE, path, argument=path[-1], limit=limit, value=value)
    return value


async def _checked_signature(context: WorkspaceContext, html: str | None) -> str:
    """Return a signature as sanitized HTML; empty if there is none. Raises Refusal."""
    path = ("signature",)
    source = inputs.text(html or "", path, limit=MAX_SIGNATURE_CHARACTERS).strip()
    if not source:
        return ""
    cleaned = await template_inputs.draft_html(context.workspace_id, source, path)
    # Entities and tags can hide the marks of a template, so the result is checked.
    shown = f"{source}\n{cleaned}\n{Signature(cleaned, appended=True).text}"
    if any(mark in shown for mark in TEMPLATE_MARKS):
        raise Refusal.of(InputCode.INVALID_TEXT, path, case="signature")
    inputs.check_length(cleaned, path, MAX_SIGNATURE_CHARACTERS)
    return cleaned


async def _check_channel(context: WorkspaceContext, row: Sender) -> None:
    channel = context.installed.channels.get(row.channel)
    if channel is None:
        installed = ", ".join(context.installed.channels)
        raise Refusal.of(WorkspaceCode.CHANNEL_UNKNOWN, ("channel",), channel=row.channel, installed=installed)
    row.channel_config = inputs.config(row.channel_config, channel.config_schema, ("channelConfig",))
    account = await account_name(channel, row.channel_config, row.id, CHECK_PATIENCE_SECONDS)
    if not may_use(context.workspace, account):
        raise Refusal.of(WorkspaceCode.ACCOUNT_NOT_ALLOWED, ("channelConfig",), account=account)


async def _set(context: WorkspaceContext, row: Sender, values: dict[str, Any], *, create: bool) -> Sender:
    checks: dict[str, Callable[[Any], Any]] = {
        "name": lambda value: inputs.line(value or "", ("name",)),
        "email": lambda value: inputs.address(value or "", ("email",)),
        "zone": lambda value: inputs.zone(value or "", ("zone",)),
        "channel": lambda value: value,
        "daily_cap": lambda value: _check_limit(value, 1_000_000, ("dailyCap",)),
        "channel_config": lambda value: {} if value is None else value,
        "title": lambda value: inputs.line(value or "", ("title",), required=False),
        "signature": lambda value: value,
        "append_signature": lambda value: True if value is None else value,
    }
    changed, refusals = set(values), RefusalCollector()
    with refusals:
        if "signature" in values:
            values["signature"] = await _checked_signature(context, values["signature"])
    if "throttle" in values:
        changed = changed - {"throttle"} | {"throttle_emails", "throttle_seconds"}
        emails, seconds = values.pop("throttle") or (None, None)
        with refusals:
            row.throttle_emails = _check_limit(emails, 100_000, ("throttle", "emails"))
        with refusals:
            row.throttle_seconds = _check_limit(seconds, 86_400, ("throttle", "seconds"))
    for key, value in values.items():
        with refusals:
            setattr(row, key, checks[key](value))
    with refusals:
        await _check_channel(context, row)
    refusals.raise_any()
    if changed & {"throttle_emails", "throttle_seconds", "daily_cap"}:
        row.limited_until = None  # of the limits before; the next claim finds out
        changed |= {"limited_until"}
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
