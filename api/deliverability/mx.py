"""Checks where a domain receives mail: replies and bounces go there."""

from collections.abc import Iterator

from api.codes.reasons.deliverability import DnsCode
from api.deliverability.findings import Finding, good, problem
from api.deliverability.resolver import Resolver, UnknownNameError

MAX_HOSTS = 10


def check_mx(resolver: Resolver, domain: str) -> Iterator[Finding]:
    """Yield the findings. Raises UnknownNameError, LookupFailedError."""
    servers = resolver.mail_servers(domain)[:MAX_HOSTS]
    if not servers:
        if resolver.has_address(domain):
            yield problem(DnsCode.MX_MISSING.message(domain=domain))
        else:
            yield problem(DnsCode.MX_MISSING.message("nowhere", domain=domain))
        return
    if not any(server.host for server in servers):
        yield problem(DnsCode.MX_NULL.message(domain=domain))
        return
    hosts = [server.host for server in servers if server.host]
    missing = [host for host in hosts if not _exists(resolver, host)]
    for host in missing:
        yield problem(DnsCode.MX_HOST_UNKNOWN.message(domain=domain, host=host))
    if working := [host for host in hosts if host not in missing]:
        yield good(DnsCode.MX_FOUND.message(domain=domain, hosts=", ".join(working)))


def _exists(resolver: Resolver, host: str) -> bool:
    try:
        return resolver.has_address(host)
    except UnknownNameError:
        return False
