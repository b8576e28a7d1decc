"""Call a channel for the account of a sender. If the channel fails, log it and give the sender its own account."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from api.channel_processes.remote_channel import RemoteChannel
from api.codes.reasons.outcome_reasons import ReasonCode
from api.codes.refusals.workspaces import WorkspaceCode
from api.mail.text_checks import storable_text
from api.models import Workspace
from plugins.contract import Channel, Outcome, Outgoing, Receipt, Session
from plugins.loading.manager import Installed
from plugins.mailboxes.contract import Mailbox
from strategies import Refusal

log = logging.getLogger("touchline.dispatch")

READ_PATIENCE_SECONDS = 0.5
"""How long a request that only shows an account waits for the channel of a package."""
CHECK_PATIENCE_SECONDS = 10.0
"""How long a request waits if it depends on the account."""
MAX_NAME_CHARACTERS = 200
"""The longest account name. Longer names are cut."""
MAX_SESSIONS = 1_000
"""The most sessions of one account."""
MAX_LISTED_ACCOUNTS = 1_000
"""The most accounts of one channel that are listed."""


class NotInstalled(Channel, Session):
    """Replaces a channel that is not installed: the emails of its senders fail with a reason."""

    def __init__(self, key: str) -> None:
        self.key = key  # type: ignore[misc]

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        """Yield this object as the session."""
        yield self

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        """Return a failure, because the channel is not installed."""
        return Receipt(Outcome.FAILED, *ReasonCode.CHANNEL_NOT_INSTALLED.message(channel=self.key))


async def account_name(
    channel: Channel, config: Mapping[str, Any], sender_id: str, patience_seconds: float = READ_PATIENCE_SECONDS
) -> str:
    """Return the name of the account that sends a sender's emails.

    A package's channel that does not answer within ``patience_seconds`` counts as one that fails.
    """
    if isinstance(channel, RemoteChannel) and not await channel.learn_within(config, patience_seconds):
        return f"{channel.key}:{sender_id}"
    try:
        name = channel.account(config)
        if isinstance(name, str) and name:
            return storable_text(name, MAX_NAME_CHARACTERS)
        log.error(
            "account() of the channel %s returned a %s instead of a text, for the sender %s",
            channel.key,
            type(name).__name__,
            sender_id,
        )
    except BaseException:  # also SystemExit: a package must not stop the process
        log.exception("the channel %s failed in account(), for the sender %s", channel.key, sender_id)
    return f"{channel.key}:{sender_id}"


def configured_accounts(channel: Channel | Mailbox) -> list[str] | None:
    """Return the accounts of a channel or mailbox in this process, or None if it cannot list them."""
    try:
        names = channel.accounts()
        if names is None or (isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names)):
            return (
                None
                if names is None
                else [storable_text(name, MAX_NAME_CHARACTERS) for name in names[:MAX_LISTED_ACCOUNTS]]
            )
        log.error("accounts() of %s returned a %s instead of a list of texts", channel.key, type(names).__name__)
    except BaseException:  # also SystemExit: a package must not stop the process
        log.exception("%s failed in accounts()", channel.key)
    return None


def check_accounts(installed: Installed, accounts: Iterable[str]) -> None:
    """Refuse accounts that do not exist.

    If a channel cannot list its accounts, its key and all names that start with its key and a colon are valid.
    """
    listed_accounts: list[str] = []
    open_ended: list[str] = []
    for key, channel in installed.channels.items():
        listed = configured_accounts(channel)
        listed_accounts += listed or ()
        if listed is None:
            open_ended.append(key)
    for mailbox in installed.mailboxes.values():
        listed_accounts += configured_accounts(mailbox) or ()
    wrong = [
        account
        for account in accounts
        if account not in listed_accounts
        and not any(account == key or account.startswith(f"{key}:") for key in open_ended)
    ]
    if wrong:
        there_are = ", ".join([*listed_accounts, *(f"{key}:…" for key in open_ended)])
        raise Refusal.of(WorkspaceCode.ACCOUNT_UNKNOWN, ("accounts",), account=wrong[0], configured=there_are or "none")


def may_use(workspace: Workspace, account: str) -> bool:
    """Say whether a workspace may use an account. A sandbox may use any, because it delivers no emails."""
    return workspace.sandbox or workspace.accounts is None or account in workspace.accounts


def max_sessions(channel: Channel, config: Mapping[str, Any]) -> int:
    """Return how many sessions of an account this process may open: at least one."""
    try:
        return min(max(1, int(channel.sessions(config))), MAX_SESSIONS)
    except BaseException:
        log.exception("the channel %s failed in sessions()", channel.key)
        return 1
