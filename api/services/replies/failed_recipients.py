"""Find the recipient of an email among the failed recipients that a bounce reports. The functions are pure."""

from collections.abc import Sequence

from api.codes.reasons.incoming import AnswerCode
from api.mail.address import AddressProblem, address_key, domain_key
from api.mail.reading import FailedRecipient
from api.states import BounceKind


def failure_of(address: str, failures: Sequence[FailedRecipient]) -> FailedRecipient:
    """Return the failure of an email to an address, among those that a bounce reports.

    The recipient's own failure is taken, else one in the recipient's domain, because servers report the target address
    of an alias. If only addresses in other domains failed, the email was forwarded: the bounce is soft, because the
    recipient's address exists. A bounce without addresses is soft too.
    """
    if not failures:
        return FailedRecipient(address, BounceKind.SOFT, "", "")
    own = [each for each in failures if not each.address or _key(each.address) == _key(address)]
    domain = _domain(address)
    near = [each for each in failures if _is_within(_domain(each.address), domain)]
    if own or near:
        return max(own or near, key=lambda each: each.kind is BounceKind.HARD)
    first = failures[0]
    diagnostic = AnswerCode.FORWARDED.message(address=first.address, diagnostic=first.diagnostic).sentence
    return FailedRecipient(address, BounceKind.SOFT, first.status, diagnostic)


def _is_within(one: str, other: str) -> bool:
    """Say whether two domains are the same, or one is a subdomain of the other."""
    return bool(one and other) and (one == other or one.endswith(f".{other}") or other.endswith(f".{one}"))


def _key(address: str) -> str:
    try:
        return address_key(address)
    except AddressProblem:
        return address.lower()


def _domain(address: str) -> str:
    domain = address.rpartition("@")[2]
    try:
        return domain_key(domain)
    except (AddressProblem, ValueError):
        return domain.lower()
