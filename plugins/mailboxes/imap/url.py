"""Read ``TOUCHLINE_IMAP_URL``: the server, its encryption, the login and the folders.

``imaps://user:password@host:993?spam=Junk`` with these options:

- ``security``: ``tls`` (always with imaps://), ``starttls`` (the default of imap://) or ``none``
- ``timeout``: seconds to wait for the connection and for each answer (30)
- ``cafile``: a file of certificates to trust instead of the system's, for a private authority
- ``auth``, ``token_file`` and ``token_command``: as in the URL of an account that sends
- ``inbox``: the folder in which mails arrive (INBOX)
- ``spam``: the folder of spam, ``auto`` for the one that the server marks as such (the default), or ``none``
- ``sent``: the folder of mails that the user sends from another program, ``auto``, or ``none`` (the default)
- ``poll``: seconds between two looks at a folder about which the server does not notify (60)
- ``idle``: ``on`` (the default), or ``off`` to look every ``poll`` seconds although the server can notify
"""

from dataclasses import dataclass
from types import MappingProxyType

from plugins.server_accounts import url as account_url
from plugins.server_accounts.server import ServerSettings
from plugins.server_accounts.url import AccountUrl, Protocol, parse_account

AUTO = "auto"
NONE = "none"
IMAP = Protocol(
    "imap",
    MappingProxyType({"starttls": 143, "tls": 993, "none": 143}),
    ("inbox", "spam", "sent", "poll", "idle"),
)
OPTIONS = (*account_url.OPTIONS, *IMAP.options)
MAX_FOLDER_CHARACTERS = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapSettings(ServerSettings):
    """The server of one account that receives emails."""

    inbox: str = "INBOX"
    spam: str = AUTO
    sent: str = NONE
    poll: float = 60.0
    idle: bool = True


def parse(url: str) -> ImapSettings:
    """Read the URL. Raises ValueError with a sentence that does not contain the password."""
    account = parse_account(url, IMAP)
    if not account.shared["username"]:
        raise ValueError(f"It names no user: {IMAP.scheme}s://user:password@host:993. {account_url.HINT}")
    if account.options.get("idle", "on") not in ("on", "off"):
        raise ValueError("idle must be on or off.")
    return ImapSettings(
        **account.shared,
        inbox=_folder(account, "inbox", "INBOX"),
        spam=_folder(account, "spam", AUTO),
        sent=_folder(account, "sent", NONE),
        poll=account.seconds("poll", 60.0),
        idle=account.options.get("idle", "on") == "on",
    )


def _folder(account: AccountUrl, name: str, default: str) -> str:
    folder = account.options.get(name) or default
    if len(folder) > MAX_FOLDER_CHARACTERS or not folder.isprintable():
        raise ValueError(f"{name} must be the name of a folder, with up to {MAX_FOLDER_CHARACTERS} characters.")
    return folder
