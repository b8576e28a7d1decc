"""Blocked domains. A blocked domain includes all its subdomains."""

from collections.abc import Collection

from api.mail.address import DOTS, check_address, domain_key


def normalize_domain(text: str) -> str:
    """Validate a domain and return its key. Raises AddressProblem.

    Upper case, a final dot and the encoding of international names (müller.de, xn--mller-kva.de) make no difference.
    """
    domain = text.strip()
    return domain_key(check_address(f"x@{domain[:-1] if domain.endswith(tuple(DOTS)) else domain}").rpartition("@")[2])


def blocking_domain(address: str, blocked: Collection[str]) -> str | None:
    """Return the blocked domain of an address: its domain or a parent domain. None if none of them is blocked.

    ``blocked`` are keys of domains. blocked.example blocks mail.blocked.example, but not notblocked.example.
    """
    if not blocked:
        return None
    domain = domain_key(address.rpartition("@")[2])
    while domain and domain not in blocked:
        domain = domain.partition(".")[2]
    return domain or None
