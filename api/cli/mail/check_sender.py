"""``touchline check``: report problems of the DNS records of a sender's domain."""

import json
from collections.abc import Sequence

import idna

from api.cli.common import console
from api.deliverability.findings import Finding, Level
from api.deliverability.resolver import DnsResolver, LookupFailedError, Resolver
from api.deliverability.sender_check import check_domain
from api.mail.address import AddressProblem, check_address
from api.printable import printable
from api.settings import Settings

SIGNS = {Level.GOOD: "ok     ", Level.ADVICE: "advice ", Level.PROBLEM: "problem"}


def check(
    settings: Settings,
    *,
    address: str,
    selectors: Sequence[str] = (),
    dns: str = "",
    as_json: bool = False,
    resolver: Resolver | None = None,
) -> int:
    """Print the findings about a sender's address; exit code 1 for a problem."""
    try:
        domain = _domain_of(check_address(address))
    except AddressProblem as fault:
        raise ValueError(str(fault)) from None
    envelope = _domain_of(settings.return_path) if settings.return_path else domain
    try:
        found = check_domain(resolver or _resolver(dns), domain, selectors=selectors, envelope=envelope)
    except LookupFailedError as fault:
        raise ValueError(f"{fault}. Name one with --dns.") from None
    if as_json:
        print(
            json.dumps({"address": address, "domain": domain, "findings": [*map(_as_json, found)]}, ensure_ascii=False)
        )
    else:
        for each in found:
            _print(each)
    return 1 if any(each.level is Level.PROBLEM for each in found) else 0


def _domain_of(address: str) -> str:
    """Return the domain of an address as the DNS has it."""
    domain = address.rpartition("@")[2].lower()
    return domain if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")


def _resolver(dns: str) -> Resolver:
    """Return a resolver for "192.0.2.1", for "192.0.2.1:5353", or this machine's.

    Raises ValueError, LookupFailedError.
    """
    server, colon, port = dns.partition(":") if dns.count(":") == 1 else (dns, "", "")
    if colon and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65_536):
        raise ValueError(f"--dns: {port[:20]!r} is not a port.")
    try:
        return DnsResolver(server, int(port) if port else 53)
    except ValueError:
        raise ValueError(f"--dns: {server[:60]!r} is not an IP address.") from None


def _as_json(finding: Finding) -> dict[str, str]:
    return {
        "subject": finding.subject,
        "level": finding.level.value,
        "code": finding.code.value,
        "sentence": finding.message.sentence,
        "do": finding.code.do,
    }


def _print(finding: Finding) -> None:
    line = printable(f"{SIGNS[finding.level]} {finding.message.sentence}")
    console.print(line, highlight=False, soft_wrap=True, markup=False)
    if finding.level is not Level.GOOD:
        console.print(f"        {finding.code.do}", highlight=False, soft_wrap=True, markup=False)
