"""Choose the folders of an account to read. The functions block: ``ConnectionThread`` runs them."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import NamedTuple

from imapclient import IMAPClient, imap_utf7
from imapclient.imapclient import JUNK, SENT

from plugins import AccountUnavailableError
from plugins.mailboxes.codes import MailboxCode
from plugins.mailboxes.imap.url import AUTO, NONE, ImapSettings

log = logging.getLogger("touchline.imap")

USUAL_NAMES = MappingProxyType(
    {
        JUNK: frozenset({"junk", "spam", "junk email", "junk e-mail", "bulk mail"}),
        SENT: frozenset({"sent", "sent items", "sent mail", "sent messages"}),
    }
)
"""The last part of a folder's name, on servers that do not say what a folder is for."""
MAX_LISTED_FOLDERS = 30
"""The most folders that an error names."""
CANNOT_BE_OPENED = frozenset({b"\\noselect", b"\\nonexistent"})
"""Attributes of names without a folder, in lower case (RFC 3501, RFC 5258)."""


class Listed(NamedTuple):
    """A folder as the server lists it."""

    flags: Sequence[bytes]
    """Its attributes. Servers write them in different cases."""
    delimiter: bytes | None
    name: str


class Folders(NamedTuple):
    """The folders to read, the inbox first, and the problem if a folder of the settings is missing."""

    names: list[str]
    missing: AccountUnavailableError | None


def folders_to_read(client: IMAPClient, settings: ImapSettings) -> Folders:
    """Return the folders to read. A folder that is missing does not keep the others from being read.

    ``auto`` finds a folder by its special use (RFC 6154), or by a usual name. If there is none, no folder is read.
    """
    listed_folders = _list_folders(client)
    names = [each.name for each in listed_folders]
    chosen = [settings.inbox]
    for wanted, use in ((settings.spam, JUNK), (settings.sent, SENT)):
        found = _special(listed_folders, use) if wanted == AUTO else wanted
        if found and wanted != NONE:
            chosen.append(found)
    found_names = [folder for folder in dict.fromkeys(chosen) if folder in names or folder.upper() == "INBOX"]
    missing = next((folder for folder in chosen if folder not in found_names), None)
    if missing is None:
        return Folders(found_names, None)
    listed = ", ".join(sorted(names)[:MAX_LISTED_FOLDERS])
    message = MailboxCode.FOLDER_MISSING.message(server=settings.server, folder=missing, folders=settings.tidy(listed))
    return Folders(found_names, AccountUnavailableError(*message))


def _list_folders(client: IMAPClient) -> list[Listed]:
    """Return the folders that can be opened.

    Old programs create folders with names that are not in IMAP's encoding, such as "R&D", and some servers keep them.
    The library would reject the whole list, so the names are decoded here, and such a folder is left out.
    """
    client.folder_encode = False
    try:
        answers = client.list_folders()
    finally:
        client.folder_encode = True
    folders = []
    for flags, delimiter, encoded in answers:
        name = _decoded(encoded)
        if name is None:
            log.warning("the IMAP server has a folder whose name cannot be read, which is skipped: %.200r", encoded)
        elif CANNOT_BE_OPENED.isdisjoint(flag.lower() for flag in flags):
            folders.append(Listed(flags, delimiter, name))
    return folders


def _decoded(name: bytes | str) -> str | None:
    """Return the name of a folder; None if it is not in IMAP's encoding. The library returns a number as text."""
    with suppress(ValueError):  # UnicodeError is one
        decoded: str = imap_utf7.decode(name)
        decoded.encode()  # a lone surrogate cannot be stored
        return decoded
    return None


def _special(folders: Sequence[Listed], use: bytes) -> str | None:
    """Return the folder that the server marks with a special use, or one with a usual name."""
    marked = (each.name for each in folders if use.lower() in {flag.lower() for flag in each.flags})
    usual = (each.name for each in folders if _last_part(each).casefold() in USUAL_NAMES[use])
    return next(marked, None) or next(usual, None)


def _last_part(folder: Listed) -> str:
    delimiter = (folder.delimiter or b"").decode("ascii", "replace")
    return folder.name.rpartition(delimiter)[2] if delimiter else folder.name
