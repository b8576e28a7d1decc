"""Choose the folders of an account to read. The functions block: ``ConnectionThread`` runs them."""

from imapclient import IMAPClient
from imapclient.imapclient import JUNK, SENT

from plugins import AccountUnavailableError
from plugins.mailbox_codes import MailboxCode
from plugins.mailboxes.imap.url import AUTO, NONE, ImapSettings

MAX_LISTED_FOLDERS = 30
"""The most folders that an error names."""


def folders_to_read(client: IMAPClient, settings: ImapSettings) -> list[str]:
    """Return the names of the folders to read, the inbox first. Raises AccountUnavailableError if one is missing.

    ``auto`` finds a folder by its special use (RFC 6154), or by a usual name. If there is none, no folder is read.
    """
    names = [name for flags, _, name in client.list_folders() if b"\\Noselect" not in flags]
    chosen = [settings.inbox]
    for wanted, use in ((settings.spam, JUNK), (settings.sent, SENT)):
        found = client.find_special_folder(use) if wanted == AUTO else wanted
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
