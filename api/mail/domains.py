"""Blocked domains: a domain stands for itself and all its subdomains."""

from collections.abc import Collection

from api.mail.address import DOTS, check_address, domain_key

MAX_DOMAIN_LENGTH = 253
"""Characters of a domain's name (RFC 1035), without a final dot."""


def normal_domain(text: str) -> str:
    """Return a domain in the form that people's addresses have. Raises AddressProblem.

    Upper case, a final dot and the spelling of international names (müller.de, xn--mller-kva.de) make no difference.
    """
    domain = text.strip()
    return domain_key(check_address(f"x@{domain[:-1] if domain.endswith(tuple(DOTS)) else domain}").rpartition("@")[2])


def blocking_domain(address: str, blocked: Collection[str]) -> str | None:
    """Return the blocked domain that an address belongs to: its own, or one that it is a subdomain of.

    Labels are compared whole: blocked.example blocks mail.blocked.example, and not notblocked.example.
    """
    if not blocked:
        return None
    domain = domain_key(address.rpartition("@")[2])
    while domain and domain not in blocked:
        domain = domain.partition(".")[2]
    return domain or None
