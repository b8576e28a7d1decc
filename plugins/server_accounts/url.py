"""Read the parts of an account's URL that all protocols share: the server, its encryption, the login and time-outs.

``SCHEME://user:password@host:port?option=value`` with the options of ``OPTIONS``. User and password are
percent-encoded. Messages of this module quote only the host of the URL, because a password that is not encoded can end
up in any other part.
"""

import ipaddress
import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

OPTIONS = ("security", "timeout", "cafile", "auth", "token_file", "token_command")
"""The options that the URLs of all protocols have."""
HINT = "Special characters in the user and the password must be percent-encoded."


@dataclass(frozen=True, slots=True)
class Protocol:
    """The parts of a URL that depend on the protocol."""

    scheme: str
    """The scheme of STARTTLS. The one of TLS has an "s" at its end."""
    ports: Mapping[str, int]
    """The default port by ``security``."""
    options: tuple[str, ...]
    """The options that only this protocol has."""


@dataclass(frozen=True, slots=True)
class AccountUrl:
    """The parts of a URL. ``shared`` are the values of ``ServerSettings``."""

    shared: dict[str, Any]
    options: Mapping[str, str]

    def seconds(self, name: str, default: float) -> float:
        """Read a number of seconds above 0 and up to an hour."""
        return _seconds(self.options, name, default)

    def whole_number(self, name: str, default: int, most: int) -> int:
        """Read a number from 1 to ``most``."""
        text = self.options.get(name, str(default))
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:10]) <= most:
            raise ValueError(f"{name} must be a number from 1 to {most}.")
        return int(text)


def parse_account(url: str, protocol: Protocol) -> AccountUrl:
    """Read the URL. Raises ValueError with a sentence that does not contain the password."""
    parts, port, options = _split(url, protocol)
    schemes = {protocol.scheme: "starttls", f"{protocol.scheme}s": "tls"}
    if parts.scheme not in schemes:
        raise ValueError(f"It must begin with {protocol.scheme}:// or {protocol.scheme}s://.")
    if not parts.hostname:
        raise ValueError(f"It names no host. {HINT}")
    names = (*OPTIONS, *protocol.options)
    if not set(options) <= set(names):
        raise ValueError(f"It has an option that is not one of {', '.join(names)}. {HINT}")
    security = options.get("security", schemes[parts.scheme])
    if security not in protocol.ports or (schemes[parts.scheme] == "tls" and security != "tls"):
        raise ValueError(f"security must be starttls, tls or none, and {protocol.scheme}s:// is always tls.")
    username = unquote(parts.username) if parts.username else None
    if username and security == "none" and not _is_loopback(parts.hostname):
        raise ValueError(f"A login is never sent to {parts.hostname} without TLS: use security=starttls or tls.")
    shared = {
        "host": parts.hostname,
        "port": port or protocol.ports[security],
        "security": security,
        "username": username,
        "password": unquote(parts.password or ""),
        "timeout": _seconds(options, "timeout", 30.0),
        "cafile": options.get("cafile") or None,
        **_token_source(options, parts, protocol),
    }
    return AccountUrl(shared, options)


def _token_source(options: Mapping[str, str], parts: SplitResult, protocol: Protocol) -> dict[str, str]:
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
            f"{protocol.scheme}://user@host:{protocol.ports['starttls']}?auth=xoauth2&token_file=/run/token."
        )
    try:
        shlex.split(given.get("token_command", ""))
    except ValueError:
        given = {}
    if auth == "xoauth2" and not given:
        raise ValueError("token_command cannot be read: a quote in it has no end.")
    return given


def _split(url: str, protocol: Protocol) -> tuple[SplitResult, int | None, Mapping[str, str]]:
    """Split the URL into its parts. Python's own errors are not raised, because they quote the URL."""
    try:
        parts = urlsplit(url.strip())
        port, options = parts.port, dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        parts = None
    if parts is None or parts.path not in ("", "/") or parts.fragment:
        example = f"{protocol.scheme}://user:password@host:{protocol.ports['starttls']}"
        raise ValueError(f"It is not of the form {example}. {HINT}")
    return parts, port, options


def _seconds(options: Mapping[str, str], name: str, default: float) -> float:
    try:
        seconds = float(options.get(name, default))
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= 3600:
        raise ValueError(f"{name} must be a number of seconds between 0 and 3600.")
    return seconds


def _is_loopback(host: str) -> bool:
    """Say whether this host is the same machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
