"""Looks up DNS records."""

from typing import NamedTuple, Protocol

import dns.exception
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

TIMEOUT_SECONDS = 5.0
"""Longest time for one lookup, with all its attempts."""
MAX_RECORDS = 50


class LookupFailedError(Exception):
    """The DNS did not answer, or answered with an error. The message is the cause, without a final dot."""


class UnknownNameError(Exception):
    """The name does not exist (NXDOMAIN)."""


class MailServer(NamedTuple):
    """One MX record. The host of a null MX is empty."""

    preference: int
    host: str


class Resolver(Protocol):
    """Looks up records of a name. A name without such a record has none; raises UnknownNameError, LookupFailedError."""

    def texts(self, name: str) -> list[str]:
        """Return the TXT records of a name, the strings of each joined."""

    def mail_servers(self, name: str) -> list[MailServer]:
        """Return the MX records of a name."""

    def has_address(self, name: str) -> bool:
        """Return whether a name has an IPv4 or IPv6 address."""


class DnsResolver:
    """Asks the resolvers of this machine, or the one that is given."""

    def __init__(self, server: str = "", port: int = 53) -> None:
        """Raise LookupFailedError if this machine has no resolver."""
        try:
            self._resolver = dns.resolver.Resolver(configure=not server)
        except dns.resolver.NoResolverConfiguration:
            raise LookupFailedError("this machine has no DNS resolver") from None
        if server:
            self._resolver.nameservers = [server]
            self._resolver.port = port
        self._resolver.lifetime = TIMEOUT_SECONDS

    def texts(self, name: str) -> list[str]:
        records = [record for record in self._ask(name, dns.rdatatype.TXT) if isinstance(record, TXT)]
        return [b"".join(record.strings).decode("utf-8", "replace") for record in records]

    def mail_servers(self, name: str) -> list[MailServer]:
        records = [record for record in self._ask(name, dns.rdatatype.MX) if isinstance(record, MX)]
        return sorted(MailServer(each.preference, each.exchange.to_text().rstrip(".")) for each in records)

    def has_address(self, name: str) -> bool:
        return any(self._ask(name, kind) for kind in (dns.rdatatype.A, dns.rdatatype.AAAA))

    def _ask(self, name: str, kind: dns.rdatatype.RdataType) -> list[object]:
        try:
            return list(self._resolver.resolve(f"{name}.", kind, search=False))[:MAX_RECORDS]
        except dns.resolver.NoAnswer:
            return []
        except dns.resolver.NXDOMAIN:
            raise UnknownNameError(name) from None
        except (dns.exception.DNSException, OSError, ValueError) as error:
            fault = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
            raise LookupFailedError(fault) from None
