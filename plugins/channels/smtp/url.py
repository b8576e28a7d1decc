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

User and password are percent-encoded. Messages of this module quote only the host of the URL, because a password that
is not encoded can end up in any other part.
"""

import ipaddress
import math
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from plugins.channels.smtp.secrets import one_line, redact
from plugins.provider_headers import PROVIDERS

OPTIONS = (
    "security",
    "timeout",
    "final_timeout",
    "connections",
    "cafile",
    "helo",
    "auth",
    "token_file",
    "token_command",
    "provider",
)
SCHEMES = MappingProxyType({"smtp": "starttls", "smtps": "tls"})
PORTS = MappingProxyType({"starttls": 587, "tls": 465, "none": 25})
HINT = "Special characters in the user and the password must be percent-encoded."


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """The server of one account. ``repr`` does not show the password."""

    host: str
    port: int
    security: str
    username: str | None = None
    password: str = field(default="", repr=False)
    timeout: float = 30.0
    final_timeout: float = 600.0
    connections: int = 10
    cafile: str | None = None
    helo: str | None = None
    token_file: str | None = None
    token_command: str | None = field(default=None, repr=False)
    provider: str | None = None
    """The provider that returns the id of an email with its events, one of PROVIDERS."""
    token: str = field(default="", repr=False)
    """The token of the session's login. It is a secret as well."""

    @property
    def xoauth2(self) -> bool:
        """Whether the account logs in with an access token."""
        return self.token_file is not None or self.token_command is not None

    @property
    def server(self) -> str:
        """The server's name in messages."""
        return f"{self.host}:{self.port}"

    def tidy(self, text: str) -> str:
        """Return a server's text in one line of up to 500 characters, without passwords that it may repeat."""
        return one_line(redact(text, self.username, (self.password, self.token)))


def parse(url: str) -> SmtpSettings:
    """Read the URL. Raises ValueError with a sentence that does not contain the password."""
    parts, port, options = _split(url)
    if parts.scheme not in SCHEMES:
        raise ValueError("It must begin with smtp:// or smtps://.")
    if not parts.hostname:
        raise ValueError(f"It names no host. {HINT}")
    if not set(options) <= set(OPTIONS):
        raise ValueError(f"It has an option that is not one of {', '.join(OPTIONS)}. {HINT}")
    security = options.get("security", SCHEMES[parts.scheme])
    if security not in PORTS or (parts.scheme == "smtps" and security != "tls"):
        raise ValueError("security must be starttls, tls or none, and smtps:// is always tls.")
    username = unquote(parts.username) if parts.username else None
    if username and security == "none" and not _is_loopback(parts.hostname):
        raise ValueError(f"A login is never sent to {parts.hostname} without TLS: use security=starttls or tls.")
    helo = options.get("helo") or None
    if helo and not re.fullmatch(r"[A-Za-z0-9._:\[\]-]{1,255}", helo):
        raise ValueError("helo must be a host name.")
    provider = options.get("provider") or None
    if provider is not None and provider not in PROVIDERS:
        raise ValueError(f"provider must be one of {', '.join(PROVIDERS)}.")
    return SmtpSettings(
        host=parts.hostname,
        port=port or PORTS[security],
        security=security,
        username=username,
        password=unquote(parts.password or ""),
        timeout=_seconds(options, "timeout", 30.0),
        final_timeout=_seconds(options, "final_timeout", 600.0),
        connections=_connections(options),
        cafile=options.get("cafile") or None,
        helo=helo,
        provider=provider,
        **_token_source(options, parts),
    )


def _token_source(options: Mapping[str, str], parts: SplitResult) -> dict[str, str]:
    """Return the option that gives the access token, if there is one."""
    auth = options.get("auth", "password")
    given = {name: options[name] for name in ("token_file", "token_command") if options.get(name)}
    if auth not in ("password", "xoauth2"):
        raise ValueError("auth must be password or xoauth2.")
    if auth == "password" and given:
        raise ValueError("token_file and token_command belong to auth=xoauth2.")
    if auth == "xoauth2" and (len(given) != 1 or not parts.username or parts.password):
        raise ValueError(
            "auth=xoauth2 takes a user, no password, and either token_file or token_command: "
            "smtp://user@host:587?auth=xoauth2&token_file=/run/token."
        )
    try:
        shlex.split(given.get("token_command", ""))
    except ValueError:
        given = {}
    if auth == "xoauth2" and not given:
        raise ValueError("token_command cannot be read: a quote in it has no end.")
    return given


def _split(url: str) -> tuple[SplitResult, int | None, Mapping[str, str]]:
    """Split the URL into its parts. Python's own errors are not raised, because they quote the URL."""
    try:
        parts = urlsplit(url.strip())
        port, options = parts.port, dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        parts = None
    if parts is None or parts.path not in ("", "/") or parts.fragment:
        raise ValueError(f"It is not of the form smtp://user:password@host:587. {HINT}")
    return parts, port, options


def _seconds(options: Mapping[str, str], name: str, default: float) -> float:
    """Read a number of seconds above 0 and up to an hour."""
    try:
        seconds = float(options.get(name, default))
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= 3600:
        raise ValueError(f"{name} must be a number of seconds between 0 and 3600.")
    return seconds


def _connections(options: Mapping[str, str]) -> int:
    """Read a number of connections from 1 to 100."""
    given = options.get("connections", "10")
    if not given.isascii() or not given.isdigit() or not 1 <= int(given) <= 100:
        raise ValueError("connections must be a number from 1 to 100.")
    return int(given)


def _is_loopback(host: str) -> bool:
    """Say whether this host is the same machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
