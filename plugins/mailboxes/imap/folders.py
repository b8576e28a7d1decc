"""Choose the folders of an account to read. The functions block: ``ConnectionThread`` runs them."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple

from imapclient import IMAPClient
from imapclient.imapclient import JUNK, SENT

from plugins import AccountUnavailableError
from plugins.mailboxes.codes import MailboxCode
from plugins.mailboxes.imap.url import AUTO, NONE, ImapSettings

USUAL_NAMES = MappingProxyType(
    {
        JUNK: frozenset({"junk", "spam", "junk email", "junk e-mail", "bulk mail"}),
        SENT: frozenset({"sent", "sent items", "sent mail", "sent messages"}),
    }
)
"""The last part of a folder's name, on servers that do not say what a folder is for."""
MAX_LISTED_FOLDERS = 30
"""The most folders that an error names."""


class Listed(NamedTuple):
    """A folder as the server lists it."""

    flags: Sequence[bytes]
    delimiter: bytes | None
    name: str


def folders_to_read(client: IMAPClient, settings: ImapSettings) -> list[str]:
    """Return the names of the folders to read, the inbox first. Raises AccountUnavailableError if one is missing.

    ``auto`` finds a folder by its special use (RFC 6154), or by a usual name. If there is none, no folder is read.
    """
    listed_folders = [Listed(*each) for each in client.list_folders() if b"\\Noselect" not in each[0]]
    names = [each.name for each in listed_folders]
    chosen = [settings.inbox]
    for wanted, use in ((settings.spam, JUNK), (settings.sent, SENT)):
        found = _special(listed_folders, use) if wanted == AUTO else wanted
        if found and wanted != NONE:
            chosen.append(found)
    for folder in chosen:
        if folder not in names and folder.upper() != "INBOX":
            listed = ", ".join(sorted(names)[:MAX_LISTED_FOLDERS])
            missing = MailboxCode.FOLDER_MISSING.message(
                server=settings.server, folder=folder, folders=settings.tidy(listed)
            )
            raise AccountUnavailableError(*missing)
    return list(dict.fromkeys(chosen))


def _special(folders: Sequence[Listed], use: bytes) -> str | None:
    """Return the folder that the server marks with a special use, or one with a usual name."""
    marked = (each.name for each in folders if use in each.flags)
    usual = (each.name for each in folders if _last_part(each).casefold() in USUAL_NAMES[use])
    return next(marked, None) or next(usual, None)


def _last_part(folder: Listed) -> str:
    delimiter = (folder.delimiter or b"").decode("ascii", "replace")
    return folder.name.rpartition(delimiter)[2] if delimiter else folder.name
