"""Find the new mails of a folder and fetch them. The functions block: ``ConnectionThread`` runs them.

They only read: EXAMINE opens a folder read-only, and BODY.PEEK sets no flag. IMAP numbers the mails of a folder by
UIDs that only increase. They are valid for one UIDVALIDITY, which changes when a server is rebuilt.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError

from plugins.incoming import MAX_MAIL_BYTES, IncomingMail
from plugins.mailboxes.imap.mail_key import mail_key

log = logging.getLogger("touchline.imap")

WINDOW = 50_000
"""Mails that one search may find. The answer is one line, and the library takes a million bytes."""
BATCH_MAILS = 200
BATCH_BYTES = 4_000_000
"""A batch has up to so many mails and bytes. A large mail is a batch of its own."""
PART = f"BODY.PEEK[]<0.{MAX_MAIL_BYTES}>"
"""The beginning of a mail: its header and its first parts, which have all that a mail says about itself."""
CONTENT = (b"BODY[]<0>", b"BODY[]")
"""How servers name it. Some ignore the limit and send the whole mail."""
SIZES = ("RFC822.SIZE", "INTERNALDATE")


CONNECTION_ERRORS = (IMAPClientAbortError, OSError)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a folder is read: the next UID under this UIDVALIDITY."""

    validity: int
    next_uid: int

    @classmethod
    def read(cls, cursor: str | None) -> "Position | None":
        """Read a cursor. An unknown one counts as none, so the folder is read from its beginning."""
        validity, _, next_uid = (cursor or "").partition(":")
        if validity.isascii() and validity.isdigit() and next_uid.isascii() and next_uid.isdigit():
            return cls(int(validity), int(next_uid))
        return None

    def precedes(self, folder: "Folder") -> bool:
        """Say whether the folder can be read on from here."""
        return self.validity == folder.validity and self.next_uid <= folder.uid_limit

    def __str__(self) -> str:
        """Return the cursor."""
        return f"{self.validity}:{self.next_uid}"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is open: its UIDVALIDITY, and a UID that is larger than all of its mails'."""

    name: str
    validity: int
    uid_limit: int
    mails: int

    @property
    def window(self) -> int:
        """How many UIDs one search looks through. Some servers leave large gaps between UIDs."""
        if self.mails <= WINDOW:
            return self.uid_limit
        return max(WINDOW, self.uid_limit * WINDOW // (2 * self.mails))


@dataclass(frozen=True, slots=True)
class Listed:
    """UID, size and time of a mail, which the server lists before the mail is fetched."""

    uid: int
    size: int
    received_at: datetime


def examine(client: IMAPClient, name: str) -> Folder:
    """Open a folder read-only."""
    found = client.select_folder(name, readonly=True)
    limit = found.get(b"UIDNEXT")
    if limit is None:  # the server need not say it here
        limit = client.folder_status(name, ["UIDNEXT"])[b"UIDNEXT"]
    return Folder(name, int(found[b"UIDVALIDITY"]), int(limit), int(found[b"EXISTS"]))


def new_uids(client: IMAPClient, first: int, limit: int, since: datetime | None) -> list[int]:
    """Return the UIDs from ``first`` to below ``limit``, the oldest first; ``since`` leaves out older mails."""
    criteria: list[object] = ["UID", f"{first}:{limit - 1}"]
    if since is not None:
        # The server compares days in its own zone.
        criteria += ["SINCE", (since - timedelta(days=1)).date()]
    return sorted(uid for uid in client.search(criteria) if first <= uid < limit)


def list_mails(client: IMAPClient, uids: list[int], default: datetime) -> list[Listed]:
    """Return size and time of each mail that is still there; ``default`` for a time that the server does not know.

    If the answer cannot be read, the mails are listed one by one, and one whose answer cannot be read is left out.
    """
    try:
        return _list_mails(client, uids, default)
    except CONNECTION_ERRORS:
        raise
    except Exception as error:
        if len(uids) == 1:
            log.warning("the IMAP server cannot list the mail %d, which is skipped: %s", uids[0], error)
            return []
    return [each for uid in uids for each in list_mails(client, [uid], default)]


def _list_mails(client: IMAPClient, uids: list[int], default: datetime) -> list[Listed]:
    listed = []
    for uid, values in sorted(client.fetch(uids, SIZES).items()):
        if uid not in uids or b"RFC822.SIZE" not in values:
            continue  # the server reports a change of another mail, such as a flag
        received_at = values.get(b"INTERNALDATE") or default
        listed.append(Listed(uid, int(values[b"RFC822.SIZE"]), _utc(received_at, default)))
    return listed


def _utc(instant: datetime, default: datetime) -> datetime:
    try:
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:  # in the year 1, for example
        return default


def batches(mails: list[Listed]) -> Iterator[list[Listed]]:
    """Divide mails into batches of BATCH_MAILS and BATCH_BYTES."""
    batch: list[Listed] = []
    size = 0
    for mail in mails:
        part = min(mail.size, MAX_MAIL_BYTES)
        if batch and (len(batch) >= BATCH_MAILS or size + part > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(mail)
        size += part
    if batch:
        yield batch


def fetch(client: IMAPClient, folder: Folder, batch: list[Listed]) -> tuple[IncomingMail, ...]:
    """Return the mails of a batch that are still there.

    If the server refuses a batch, its mails are fetched one by one, and one that the server cannot read is left out.
    """
    try:
        return _fetch(client, batch)
    except CONNECTION_ERRORS:
        raise
    except Exception as error:  # the library raises errors of many kinds for malformed answers
        if len(batch) == 1:
            uid = batch[0].uid
            log.warning("the IMAP server cannot read the mail %d in %s, which is skipped: %s", uid, folder.name, error)
            return ()
    return tuple(mail for single in batch for mail in fetch(client, folder, [single]))


def _fetch(client: IMAPClient, batch: list[Listed]) -> tuple[IncomingMail, ...]:
    found = client.fetch([mail.uid for mail in batch], [PART])
    contents = ((mail, _content(found.get(mail.uid, {}))) for mail in batch)
    return tuple(IncomingMail(mail_key(data), data, mail.received_at) for mail, data in contents if data is not None)


def _content(values: Mapping[bytes, Any]) -> bytes | None:
    """Return the beginning of a mail; None if it was deleted in the meantime."""
    data = next((values[name] for name in CONTENT if values.get(name) is not None), None)
    return None if data is None else data[:MAX_MAIL_BYTES]
