"""Read ``TOUCHLINE_SMTP_URL``: the server, its encryption and the login.

``smtp://user:password@host:587?security=starttls&timeout=30`` with these options:

- ``security``: ``starttls`` (the default of smtp://), ``tls`` (always with smtps://) or ``none``
- ``timeout``: seconds to wait for the connection and for each answer (30)
- ``final_timeout``: seconds to wait for the answer to an email's content (600, as RFC 5321 recommends, because a slow
  server has often accepted the email)
- ``connections``: how many connections one process can open to this account (10)
- ``cafile``: a file of certificates to trust instead of the system's, for a private authority
- ``helo``: the host name that the client sends to the server (this machine's name)
- ``auth``: ``password`` (the default) or ``xoauth2``, which logs in with an access token instead of a password
- ``token_file``: the file that has the token, for xoauth2; another program renews it
- ``token_command``: a program that prints the token, with its arguments, for xoauth2; it runs without a shell
- ``provider``: ``mailgun``, ``postmark``, ``sendgrid`` or ``ses``; each email gets a header with its id, which the
  provider removes from the email and returns with its events

User and password are percent-encoded. Messages quote only the host of the URL, because a password that is not encoded
can end up in any other part.
"""

import re
from dataclasses import dataclass
from types import MappingProxyType

from plugins.provider_headers import PROVIDERS
from plugins.server_accounts import url as account_url
from plugins.server_accounts.server import ServerSettings
from plugins.server_accounts.url import Protocol, parse_account

SMTP = Protocol(
    "smtp",
    MappingProxyType({"starttls": 587, "tls": 465, "none": 25}),
    ("final_timeout", "connections", "helo", "provider"),
)
OPTIONS = (*account_url.OPTIONS, *SMTP.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings(ServerSettings):
    """The server of one account that sends emails."""

    final_timeout: float = 600.0
    connections: int = 10
    helo: str | None = None
    provider: str | None = None
    """The provider that returns the id of an email with its events, one of PROVIDERS."""


def parse(url: str) -> SmtpSettings:
    """Read the URL. Raises ValueError with a sentence that does not contain the password."""
    account = parse_account(url, SMTP)
    helo = account.options.get("helo") or None
    if helo and not re.fullmatch(r"[A-Za-z0-9._:\[\]-]{1,255}", helo):
        raise ValueError("helo must be a host name.")
    provider = account.options.get("provider") or None
    if provider is not None and provider not in PROVIDERS:
        raise ValueError(f"provider must be one of {', '.join(PROVIDERS)}.")
    return SmtpSettings(
        **account.shared,
        final_timeout=account.seconds("final_timeout", 600.0),
        connections=account.whole_number("connections", 10, 100),
        helo=helo,
        provider=provider,
    )
