"""One session of an IMAP account: it reads the folders in batches, and waits for new mails."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar, cast

from imapclient import IMAPClient

from plugins import AccountUnavailableError, MailBatch, MailboxSession
from plugins.codes import ChannelCode
from plugins.mailboxes.codes import MailboxCode
from plugins.mailboxes.imap import fetching
from plugins.mailboxes.imap.connection import Connection, explained
from plugins.mailboxes.imap.connection_thread import ConnectionThread
from plugins.mailboxes.imap.fetching import BATCH_MAILS, Folder, Position
from plugins.mailboxes.imap.folders import Folders, folders_to_read

Answer = TypeVar("Answer")
Params = ParamSpec("Params")

MAX_CALL_SECONDS = 1_800.0
"""Longest time for one command, such as a batch that comes slowly. ``timeout`` limits each silence of the server."""
FOLDER_CODES = frozenset({MailboxCode.MAILBOX_REFUSED, ChannelCode.UNEXPECTED_REPLY})
"""Errors that can be about one folder alone. The connection still works."""
MAX_IDLE_SECONDS = 1_500.0
"""Servers may end an IDLE command after 30 minutes (RFC 2177)."""


class ImapSession(MailboxSession):
    """Reads one account by one connection, which only ``thread`` uses."""

    def __init__(self, connection: Connection, thread: ConnectionThread) -> None:
        self._connection = connection
        self._thread = thread
        self._settings = connection.settings
        self._folders = Folders([], None)
        """The folders to read. ``mails`` chooses them once, and again while one is missing."""
        self._inbox: Folder | None = None
        """The inbox as ``mails`` has read it. ``wait`` compares it. None if it could not be read."""
        user = self._settings.username or ""
        self.addresses = [user] if "@" in user else []

    async def mails(self, cursors: Mapping[str, str], since: datetime) -> AsyncIterator[MailBatch]:
        """Yield the new mails of each folder. A folder that cannot be read does not delay the others."""
        if not self._folders.names or self._folders.missing is not None:
            self._folders = await self._call("list the folders of", folders_to_read, self._settings)
        self.problem, self._inbox, unread = self._folders.missing, None, 0
        for name in self._folders.names:
            try:
                folder = await self._call(f"open {name!r} on", fetching.examine, name)
                async for batch in self._new_mails(folder, Position.read(cursors.get(name)), since):
                    yield batch
            except AccountUnavailableError as error:
                if error.code not in FOLDER_CODES:
                    raise
                self.problem, unread = self.problem or error, unread + 1
                continue
            if name == self._settings.inbox:
                self._inbox = folder
        if self.problem is not None and unread == len(self._folders.names):
            raise self.problem

    async def _new_mails(self, folder: Folder, position: Position | None, since: datetime) -> AsyncIterator[MailBatch]:
        """Yield what a folder has after a position.

        After a change of UIDVALIDITY, or if UIDs have been given back, the folder is read again from ``since``.
        """
        continues = position is not None and position.precedes(folder)
        first = position.next_uid if position is not None and continues else 1
        step = f"read {folder.name!r} on"
        while first < folder.uid_limit:
            limit = min(first + folder.window, folder.uid_limit)
            uids = await self._call(step, fetching.new_uids, first, limit, None if continues else since)
            for start in range(0, len(uids), BATCH_MAILS):
                listed = await self._call(step, fetching.list_mails, uids[start : start + BATCH_MAILS], since)
                for batch in fetching.batches(listed):
                    mails = await self._call(step, fetching.fetch, folder, batch)
                    position = Position(folder.validity, batch[-1].uid + 1)
                    yield MailBatch(folder.name, str(position), mails)
            first = limit
        if (end := Position(folder.validity, first)) != position:
            yield MailBatch(folder.name, str(end))

    async def wait(self, seconds: float) -> None:
        """Wait for a notification of the inbox by IDLE; without IDLE, until the next look."""
        seconds = min(seconds, self._settings.poll, MAX_IDLE_SECONDS)
        if self._inbox is None or not self._settings.idle or not await self._call("ask", _has_idle):
            await asyncio.sleep(seconds)
            return
        await self._call(f"watch {self._inbox.name!r} on", _watch, self._inbox, seconds)

    async def _call(
        self,
        step: str,
        function: Callable[Concatenate[IMAPClient, Params], Answer],
        *args: Params.args,
        **kwargs: Params.kwargs,
    ) -> Answer:
        """Run a function in the thread. Close the connection if it takes too long or is cancelled."""

        def run() -> Answer:
            with explained(step, self._settings):
                return function(cast(IMAPClient, self._connection.client), *args, **kwargs)
            raise AssertionError("explained() raises every error")

        try:
            async with asyncio.timeout(MAX_CALL_SECONDS):
                return await self._thread.call(run)
        except TimeoutError:
            self._connection.abort()
            late = ChannelCode.TIMEOUT.message(
                "connecting", step=step, server=self._settings.server, seconds=MAX_CALL_SECONDS
            )
        except asyncio.CancelledError:
            self._connection.abort()
            raise
        raise AccountUnavailableError(*late)


def _has_idle(client: IMAPClient) -> bool:
    return bool(client.has_capability("IDLE"))


def _watch(client: IMAPClient, read: Folder, seconds: float) -> None:
    """Wait until the server notifies of a change, unless the folder has changed since it was read."""
    if fetching.examine(client, read.name) == read:
        client.idle()
        client.idle_check(seconds)
        client.idle_done()
