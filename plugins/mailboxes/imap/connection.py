"""Connect to an IMAP server, start TLS and log in. All functions block: ``ConnectionThread`` runs them.

IMAPClient speaks the protocol. The caller gets its client, or an AccountUnavailableError that says which step failed.
"""

import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

from plugins import AccountUnavailableError
from plugins.codes import ChannelCode
from plugins.mailboxes.codes import MailboxCode
from plugins.mailboxes.imap.url import ImapSettings
from plugins.server_accounts.tls import trust
from strategies.codes import Message

# It logs what it sends, which has logins, if the level is DEBUG.
logging.getLogger("imapclient").setLevel(logging.WARNING)

TEMPORARY = ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]", "[SERVERBUG]")
"""Response codes of a login that is rejected for now (RFC 5530)."""
CHECK_PASSWORD = "check user and password"  # noqa: S105
CHECK_TOKEN = "check the user, and whether the token is valid and has the permission to read mail"  # noqa: S105


class Connection:
    """A connection to one account. ``client`` is None until the server has greeted.

    ``abort`` can be called from another thread: it ends a call that waits for the server.
    """

    def __init__(self, settings: ImapSettings) -> None:
        self.settings = settings
        self.client: IMAPClient | None = None
        self.aborted = False

    def abort(self) -> None:
        """Close the connection at once, also while a call waits for the server."""
        self.aborted = True
        if self.client is not None:
            shut_down(self.client)

    def log_out(self) -> None:
        """Log out and close the connection."""
        if self.client is not None and not self.aborted:
            with suppress(Exception):  # the connection may be broken
                self.client.logout()
        self.abort()

    def open(self) -> None:
        """Connect and log in. Raises AccountUnavailableError."""
        settings = self.settings
        context = None if settings.security == "none" else trust(settings)
        with explained("connect to", settings):
            self.client = IMAPClient(
                settings.host,
                settings.port,
                ssl=settings.security == "tls",
                ssl_context=context,
                timeout=settings.timeout,
            )
            if self.aborted:
                shut_down(self.client)
                raise IMAPClientAbortError("the session has ended")
            self.client._imap.debug = 0  # otherwise imaplib formats each line even if it is not logged
            self.client.normalise_times = False
        if settings.security == "starttls":
            if not self.client.has_capability("STARTTLS"):
                raise AccountUnavailableError(*ChannelCode.STARTTLS_MISSING.message(server=settings.server))
            with explained("start TLS with", settings):
                self.client.starttls(context)
        with explained("log in to", settings):
            _log_in(self.client, settings)


def shut_down(client: IMAPClient) -> None:
    """Shut the socket down, below TLS, so that a thread that reads from it gets an error."""
    with suppress(OSError, AttributeError):
        raw = client.socket()
        super(ssl.SSLSocket, raw).shutdown(2) if isinstance(raw, ssl.SSLSocket) else raw.shutdown(2)
        raw.close()


@contextmanager
def explained(step: str, settings: ImapSettings) -> Iterator[None]:
    """Turn every error of the block into an AccountUnavailableError that says which step failed."""
    try:
        yield
    except AccountUnavailableError:
        raise
    except Exception as error:  # the library raises errors of many kinds for malformed answers
        unavailable = AccountUnavailableError(*_explain(error, step, settings))
    else:
        return
    # Raised outside of the handler, because the original error can contain the login.
    raise unavailable


def _explain(error: Exception, step: str, settings: ImapSettings) -> Message:
    server, fault = settings.server, settings.tidy(str(error)) or type(error).__name__
    if isinstance(error, ssl.SSLError):
        return ChannelCode.TLS_FAILED.message(step=step, server=server, fault=fault)
    if isinstance(error, TimeoutError) or "timed out" in fault:
        return ChannelCode.TIMEOUT.message("connecting", step=step, server=server, seconds=settings.timeout)
    if isinstance(error, (OSError, IMAPClientAbortError)):
        return ChannelCode.CONNECTION_FAILED.message(step=step, server=server, fault=fault)
    if isinstance(error, IMAPClientError):
        return MailboxCode.MAILBOX_REFUSED.message(step=step, server=server, reply=fault)
    return ChannelCode.UNEXPECTED_REPLY.message("connecting", step=step, server=server, reply=fault)


def _log_in(client: IMAPClient, settings: ImapSettings) -> None:
    try:
        _login_method(client, settings)()
    except LoginError as error:
        if isinstance(error, IMAPClientAbortError) or isinstance(error.__context__, IMAPClientAbortError):
            raise IMAPClientAbortError(str(error)) from None
        refused = AccountUnavailableError(*_refused(str(error), settings))
    else:
        return
    raise refused


def _login_method(client: IMAPClient, settings: ImapSettings) -> Callable[[], object]:
    """Return the best login that the server offers. Raises AccountUnavailableError if there is none."""
    user, password = settings.username or "", settings.password
    if settings.xoauth2 and client.has_capability("AUTH=XOAUTH2"):
        answers = iter([f"user={user}\x01auth=Bearer {settings.token}\x01\x01"])
        # A server that rejects the token sends a challenge, and the client answers it with an empty line.
        return lambda: client.sasl_login("XOAUTH2", lambda _challenge: next(answers, ""))
    if not settings.xoauth2 and client.has_capability("AUTH=PLAIN"):
        return lambda: client.plain_login(user, password)
    if not settings.xoauth2 and not client.has_capability("LOGINDISABLED") and password.isascii():
        quoted = user.replace("\\", "\\\\").replace('"', '\\"')
        return lambda: client.login(f'"{quoted}"', password)
    offered = [name.decode("ascii", "replace") for name in client.capabilities() if name.startswith(b"AUTH=")]
    known = "XOAUTH2" if settings.xoauth2 else "PLAIN or LOGIN"
    methods = {
        "server": settings.server,
        "offered": ", ".join(name.removeprefix("AUTH=") for name in offered) or "none",
        "known": known,
    }
    if settings.xoauth2:
        raise AccountUnavailableError(*ChannelCode.AUTH_UNSUPPORTED.message("plain_offered", **methods))
    if "AUTH=XOAUTH2" in offered:
        raise AccountUnavailableError(*ChannelCode.AUTH_UNSUPPORTED.message("xoauth2_offered", **methods))
    raise AccountUnavailableError(*ChannelCode.AUTH_UNSUPPORTED.message(**methods))


def _refused(text: str, settings: ImapSettings) -> Message:
    server, reply = settings.server, settings.tidy(text)
    if any(code in text.upper() for code in TEMPORARY):
        return ChannelCode.LOGIN_DEFERRED.message("at_login", server=server, reply=reply)
    advice = CHECK_TOKEN if settings.xoauth2 else CHECK_PASSWORD
    return ChannelCode.LOGIN_REFUSED.message("at_login", server=server, reply=reply, advice=advice)
