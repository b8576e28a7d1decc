"""The mailbox "imap": hands over the mails of each account's folders.

The accounts are in the environment: ``TOUCHLINE_IMAP_URL``, and ``TOUCHLINE_IMAP_URL_SALES`` for the account
"imap:SALES". ``plugins/mailboxes/imap/url.py`` describes the format of the URLs.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import ClassVar

from plugins import Mailbox, MailboxSession, hookimpl
from plugins.mailboxes.imap.connection import Connection
from plugins.mailboxes.imap.connection_thread import ConnectionThread
from plugins.mailboxes.imap.session import ImapSession
from plugins.mailboxes.imap.url import ImapSettings, parse
from plugins.server_accounts.environment import account_names, check_urls, settings_of
from plugins.server_accounts.token import open_with_token

VARIABLE = "TOUCHLINE_IMAP_URL"
EXAMPLE = "imaps://user:password@host:993"
LOGOUT_TIMEOUT_SECONDS = 2.0


class ImapMailbox(Mailbox):
    """The folders of an account on an IMAP server."""

    key: ClassVar[str] = "imap"
    labels: ClassVar[Mapping[str, str]] = {"en": "Mailbox (IMAP)", "de": "Postfach (IMAP)"}

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def accounts(self) -> Sequence[str]:
        """Return an account for each URL in the environment."""
        return [f"{self.key}:{name}" if name else self.key for name in account_names(self._environment, VARIABLE)]

    @asynccontextmanager
    async def open(self, account: str) -> AsyncIterator[MailboxSession]:
        """Connect, start TLS and log in. Log out at the end."""
        name = account.removeprefix(self.key).removeprefix(":")
        settings = settings_of(self._environment, VARIABLE, name, parse, EXAMPLE)
        thread = ConnectionThread(f"touchline {account}")

        async def connect(settings: ImapSettings) -> Connection:
            connection = Connection(settings)
            try:
                await thread.call(connection.open)
            except BaseException:
                connection.abort()
                raise
            return connection

        try:
            connection, _ = await open_with_token(settings, connect)
            try:
                yield ImapSession(connection, thread)
            finally:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOGOUT_TIMEOUT_SECONDS):
                        await thread.call(connection.log_out)
                connection.abort()
        finally:
            thread.stop()


def check_accounts(environment: Mapping[str, str]) -> None:
    """Check the URL of every account. Raises ValueError with a sentence that names the variable."""
    check_urls(environment, VARIABLE, parse)


@hookimpl
def touchline_register_mailboxes(environment: Mapping[str, str]) -> Sequence[Mailbox]:
    """Add the mailbox "imap"."""
    return [ImapMailbox(environment)]
