"""Trusted proxies, and the client addresses that they report in X-Forwarded-For."""

import ipaddress
from collections.abc import Iterable

MAX_ADDRESS_LENGTH = 45
"""Longest IPv6 address, in characters."""


class TrustedProxies:
    """The value of TOUCHLINE_TRUSTED_PROXIES: addresses and networks, separated by commas, or ``*`` for all."""

    def __init__(self, setting: str) -> None:
        self._trust_all = setting.strip() == "*"
        entries = [] if self._trust_all else [entry.strip() for entry in setting.split(",") if entry.strip()]
        self._networks = [ipaddress.ip_network(entry, strict=False) for entry in entries]

    def __contains__(self, address: str) -> bool:
        if self._trust_all:
            return True
        parsed = _parse_address(address)
        return parsed is not None and any(parsed in network for network in self._networks)

    def client(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """Return the client in X-Forwarded-For: the last address that is not a trusted proxy. None if it is invalid."""
        forwarded = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1")
        for entry in reversed(forwarded.split(",")):
            address = _parse_address(_without_port(entry.strip()))
            if address is None:
                return None
            if str(address) not in self or self._trust_all:
                return client_key(str(address))
        return None


def client_key(address: str) -> str:
    """Return the key by which a client is counted: its IPv4 address, or the /64 network of its IPv6 address."""
    parsed = _parse_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def _without_port(entry: str) -> str:
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry


def _parse_address(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    if len(address) > MAX_ADDRESS_LENGTH:
        return None
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    return getattr(parsed, "ipv4_mapped", None) or parsed
