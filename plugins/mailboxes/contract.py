"""The contract of mailboxes. A mailbox hands over the mails that arrive in an account, for example on an IMAP server.

``Mailbox.open`` opens an account, and ``MailboxSession.mails`` yields its mails in batches. Each batch has a cursor.
Touchline stores the cursor in the transaction that stores the mails, and passes it to the next session. So no mail is
lost if the process is killed. A mail that is handed over again with the same key is ignored.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from plugins.contract import AccountUnavailableError
from plugins.incoming import IncomingMail

MAX_FOLDER_CHARACTERS = 255
MAX_CURSOR_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class MailBatch:
    """Some mails of one folder, and the cursor after them."""

    folder: str
    """The name of the folder, up to 255 characters. A mailbox without folders uses one name."""
    cursor: str
    """A text by which the next session continues after these mails, up to 2,000 characters."""
    mails: tuple[IncomingMail, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a folder or a cursor that cannot be stored."""
        for name, text, limit in (
            ("folder", self.folder, MAX_FOLDER_CHARACTERS),
            ("cursor", self.cursor, MAX_CURSOR_CHARACTERS),
        ):
            if not 0 < len(text) <= limit:
                raise ValueError(f"{name} must have 1 to {limit:,} characters, not {len(text):,}")
            if "\x00" in text or text != text.encode("utf-8", "replace").decode():
                raise ValueError(f"{name} has a NUL or a lone surrogate, which cannot be stored")


class MailboxSession(ABC):
    """One connection to an account."""

    addresses: Sequence[str] = ()
    """The addresses that the account sends from. A mail from one of them is not a reply."""
    problem: AccountUnavailableError | None = None
    """Why the last ``mails`` could not read a folder, although it read others. They are read as usual meanwhile."""

    @abstractmethod
    def mails(self, cursors: Mapping[str, str], since: datetime) -> AsyncIterator[MailBatch]:
        """Yield the mails after ``cursors``, which has the stored cursor of each folder, and then end.

        A folder without a cursor is new: begin with the mails received since ``since`` (UTC). Yield a batch with a
        cursor for it even if it has no mails. Raises AccountUnavailableError if the account stops working.
        """

    @abstractmethod
    async def wait(self, seconds: float) -> None:
        """Return when there may be new mails, at the latest after this time. Then ``mails`` is called again."""


class Mailbox(ABC):
    """A kind of mailbox, such as IMAP. ``touchline_register_mailboxes`` registers it."""

    key: ClassVar[str]
    """Its name, unique among all installed mailboxes."""
    labels: ClassVar[Mapping[str, str]]
    """The name that users read, by language code; "en" is required."""

    @abstractmethod
    def accounts(self) -> Sequence[str]:
        """Return the names of the accounts that are configured in this process, such as "imap" or "imap:SALES"."""

    @abstractmethod
    def open(self, account: str) -> AbstractAsyncContextManager[MailboxSession]:
        """Open an account. Raises AccountUnavailableError on entry if it cannot be opened."""
