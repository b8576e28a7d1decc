"""What a channel says of a sender's account. Where it breaks, that is logged, and the account is the sender's own."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from api.codes.reasons import ReasonCode
from api.codes.workspaces import WorkspaceCode
from api.mail.clean import storable_text
from api.models import Workspace
from plugins.contract import Channel, Outcome, Outgoing, Receipt, Session
from plugins.manager import Installed
from strategies import Refusal

log = logging.getLogger("touchline.dispatch")

LONGEST_NAME = 200
"""Characters of an account's name that are kept."""
MAX_LISTED = 1_000
"""Accounts of one channel that are listed."""


class NotInstalled(Channel, Session):
    """Stands for a channel that a sender names and nobody has installed: its emails fail, visibly."""

    def __init__(self, key: str) -> None:
        self.key = key  # type: ignore[misc]

    @asynccontextmanager
    async def connect(self, config: Mapping[str, Any]) -> AsyncIterator[Session]:
        """Open nothing."""
        yield self

    async def deliver(self, outgoing: Outgoing, about_to_transmit: Callable[[], Awaitable[bool]]) -> Receipt:
        """Refuse the email."""
        return Receipt(Outcome.FAILED, *ReasonCode.CHANNEL_NOT_INSTALLED.message(channel=self.key))


def account_name(channel: Channel, config: Mapping[str, Any], sender_id: str) -> str:
    """Return the name of the account that carries a sender's emails."""
    try:
        name = channel.account(config)
        if isinstance(name, str) and name:
            return storable_text(name, LONGEST_NAME)
        log.error("the channel %s named the account of %s by a %s", channel.key, sender_id, type(name).__name__)
    except BaseException:  # an exit is no way out for a package
        log.exception("the channel %s could not name the account of %s", channel.key, sender_id)
    return f"{channel.key}:{sender_id}"


def configured(channel: Channel) -> list[str] | None:
    """Return the names of a channel's accounts that this process can use; None where the channel cannot say."""
    try:
        names = channel.accounts()
        if names is None or (isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names)):
            return None if names is None else [storable_text(name, LONGEST_NAME) for name in names[:MAX_LISTED]]
        log.error("the channel %s listed its accounts by a %s", channel.key, type(names).__name__)
    except BaseException:  # an exit is no way out for a package
        log.exception("the channel %s could not list its accounts", channel.key)
    return None


def check_accounts(installed: Installed, accounts: Iterable[str]) -> None:
    """Refuse accounts that do not exist.

    Of a channel that cannot list its accounts, every name counts that is its key, or begins with its key and a colon.
    """
    known: list[str] = []
    open_ended: list[str] = []
    for key, channel in installed.channels.items():
        listed = configured(channel)
        known += listed or ()
        if listed is None:
            open_ended.append(key)
    wrong = [
        account
        for account in accounts
        if account not in known and not any(account == key or account.startswith(f"{key}:") for key in open_ended)
    ]
    if wrong:
        there_are = ", ".join([*known, *(f"{key}:…" for key in open_ended)])
        raise Refusal.of(WorkspaceCode.ACCOUNT_UNKNOWN, ("accounts",), account=wrong[0], configured=there_are or "none")


def may_use(workspace: Workspace, account: str) -> bool:
    """Say whether a workspace may use an account. In a sandbox nothing leaves, so there it does not matter."""
    return workspace.sandbox or workspace.accounts is None or account in workspace.accounts


def sessions(channel: Channel, config: Mapping[str, Any]) -> int:
    """Return how many sessions of an account may be open in this process: at least one."""
    try:
        return max(1, int(channel.sessions(config)))
    except BaseException:
        log.exception("the channel %s could not say how many sessions may be open", channel.key)
        return 1
