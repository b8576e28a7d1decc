"""Mails of an IMAP account, and how tests read them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from plugins import IncomingMail, MailboxSession
from plugins.mailboxes.imap.mailbox import ImapMailbox

SINCE = datetime.now(UTC) - timedelta(days=30)  # noqa: TID251 - Dovecot has the real time


def mail(number: int, body: str = "hello", *, message_id: bool = True) -> bytes:
    header = f"From: Ada <ada{number}@example.com>\r\nTo: rep@example.org\r\nSubject: Mail {number}\r\n"
    header += f"Date: Mon, 2 Mar 2026 09:00:{number % 60:02} +0000\r\n"
    if message_id:
        header += f"Message-ID: <{number}@example.com>\r\n"
    return f"{header}\r\n{body}\r\n".encode()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[MailboxSession]:
    async with ImapMailbox({"TOUCHLINE_IMAP_URL": url}).open("imap") as session:
        yield session


async def read(session: MailboxSession, cursors: dict[str, str], since: datetime = SINCE) -> list[IncomingMail]:
    """Read all that is new, and keep the cursors."""
    mails: list[IncomingMail] = []
    async for batch in session.mails(dict(cursors), since):
        mails += batch.mails
        cursors[batch.folder] = batch.cursor
    return mails


def subjects(mails: list[IncomingMail]) -> list[str]:
    return [each.data.split(b"Subject: ")[1].split(b"\r\n")[0].decode() for each in mails]
