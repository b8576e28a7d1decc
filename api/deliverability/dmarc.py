"""Checks the DMARC policy of a domain, and whether SPF can pass it (RFC 7489)."""

import re
from collections.abc import Iterator

from api.codes.reasons.deliverability import DnsCode
from api.deliverability.findings import Finding, advice, good, problem
from api.deliverability.resolver import Resolver, UnknownNameError
from api.deliverability.tags import read_tags

MAX_PARENTS = 5
POLICIES = frozenset({"none", "quarantine", "reject"})


def check_dmarc(resolver: Resolver, domain: str, envelope: str) -> Iterator[Finding]:
    """Yield the findings. ``envelope`` is the domain of the return address. Raises LookupFailedError."""
    owner, records = _find(resolver, domain)
    if not records:
        yield problem(DnsCode.DMARC_MISSING.message(domain=domain))
        return
    name = f"_dmarc.{owner}"
    if len(records) > 1:
        yield problem(DnsCode.DMARC_SEVERAL.message(name=name, count=len(records)))
        return
    tags = read_tags(records[0])
    policy = (tags.get("sp", "") if owner != domain else "") or tags.get("p", "")
    if policy.lower() not in POLICIES:
        fault = f"its policy is {policy[:40]!r}" if policy else "it has no policy (p=)"
        yield problem(DnsCode.DMARC_INVALID.message(name=name, fault=fault))
        return
    if policy.lower() == "none":
        yield advice(DnsCode.DMARC_NONE.message(name=name))
    else:
        yield good(DnsCode.DMARC_FOUND.message(name=name, policy=policy.lower()))
    percent = tags.get("pct", "100")
    if percent.isascii() and percent.isdigit() and int(percent[:4]) < 100:
        yield advice(DnsCode.DMARC_PARTIAL.message(name=name, percent=int(percent[:4])))
    if not tags.get("rua"):
        yield advice(DnsCode.DMARC_NO_REPORTS.message(name=name))
    if tags.get("aspf", "r").lower() == "s":
        if envelope != domain:
            yield advice(DnsCode.SPF_ALIGNMENT.message("strict", envelope=envelope, domain=domain))
    elif not _is_within(envelope, owner) and not _is_within(domain, envelope):
        yield advice(DnsCode.SPF_ALIGNMENT.message(envelope=envelope, domain=owner))


def _find(resolver: Resolver, domain: str) -> tuple[str, list[str]]:
    """Return the domain or the nearest parent that has DMARC records, and these."""
    labels = domain.split(".")
    for start in range(min(len(labels) - 1, MAX_PARENTS) or 1):
        owner = ".".join(labels[start:])
        try:
            texts = resolver.texts(f"_dmarc.{owner}")
        except UnknownNameError:
            continue
        records = [text for text in texts if re.match(r"v\s*=\s*DMARC1\s*(?:;|$)", text)]
        if records:
            return owner, records
    return domain, []


def _is_within(domain: str, parent: str) -> bool:
    return domain == parent or domain.endswith(f".{parent}")
