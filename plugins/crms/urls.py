"""Decides which URLs of a CRM the server may call. A URL can come from a client, or from an answer of the CRM itself.

Without this check, a client could let the server call services of its own network (server-side request forgery, OWASP
A10:2021).
"""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

LOOPBACK_SETTING = "TOUCHLINE_CRM_LOOPBACK"
MAX_URL_CHARACTERS = 500
PRIVATE_ENDINGS = (".localhost", ".local", ".internal", ".home.arpa", ".localdomain")
"""Names that no public host has (RFC 6761, RFC 6762, RFC 8375, and the top-level domain that ICANN has reserved)."""


def allows_loopback(environment: Mapping[str, str]) -> bool:
    """Say whether the server may call CRMs on its own machine, for tests."""
    return environment.get(LOOPBACK_SETTING) == "on"


def url_fault(url: str, *, loopback: bool) -> str | None:
    """Say why a server does not call a URL of a CRM; None if it does. A URL has a scheme, a host, and maybe a port."""
    if len(url) > MAX_URL_CHARACTERS or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return f"it must be a URL of up to {MAX_URL_CHARACTERS} printable ASCII characters without spaces"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "it is not a URL"
    if not host:
        return "it has no host"
    if parts.username is not None or parts.password is not None:
        return "it must not have a user name or a password"
    if parts.path not in {"", "/"} or parts.query or parts.fragment or url.endswith(("?", "#")):
        return "it must end after the host and the port"
    if port == 0:
        return "it has a port that is not valid"
    if _is_loopback(host):
        if loopback and parts.scheme in {"http", "https"}:
            return None
        return f"it leads to this machine, which only {LOOPBACK_SETTING}=on allows"
    if parts.scheme != "https":
        return "it must begin with https://"
    return _host_fault(host)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _host_fault(host: str) -> str | None:
    try:
        address = ip_address(host)
    except ValueError:
        labels = host.rstrip(".").split(".")
        if len(labels) < 2 or labels[-1].isdigit() or labels[-1].startswith("0x"):
            return "its host is not a public name"
        if f".{host.rstrip('.')}".endswith(PRIVATE_ENDINGS):
            return "its host is a private name"
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    return None if address.is_global else "its host is a private address"
