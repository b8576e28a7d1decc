"""Checks all records of a sender's domain."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from api.codes.reasons.deliverability import DnsCode
from api.deliverability.dkim import check_dkim
from api.deliverability.dmarc import check_dmarc
from api.deliverability.findings import Finding, problem
from api.deliverability.mx import check_mx
from api.deliverability.resolver import LookupFailedError, Resolver, UnknownNameError
from api.deliverability.spf import check_spf


def check_domain(resolver: Resolver, domain: str, *, selectors: Sequence[str], envelope: str) -> list[Finding]:
    """Return the findings about a domain: MX, SPF, DKIM and DMARC, in this order.

    ``domain`` and ``envelope`` are in ASCII and lower case. ``envelope`` is the domain of the return address: servers
    look for SPF there, and bounces go there.
    """
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        (name, partial(check_mx, resolver, name)) for name in dict.fromkeys((domain, envelope))
    ]
    checks += [
        (envelope, partial(check_spf, resolver, envelope)),
        (f"_domainkey.{domain}", partial(check_dkim, resolver, domain, selectors)),
        (f"_dmarc.{domain}", partial(check_dmarc, resolver, domain, envelope)),
    ]
    found: dict[Finding, None] = {}
    for name, check in checks:
        try:
            found.update(dict.fromkeys(check()))
        except UnknownNameError:
            found[problem(DnsCode.DOMAIN_UNKNOWN.message(domain=name))] = None
            if name == domain:
                return list(found)
        except LookupFailedError as error:
            found[problem(DnsCode.DNS_FAILED.message(name=name, fault=error))] = None
    return list(found)
