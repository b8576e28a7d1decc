"""Checks the SPF record of a domain (RFC 7208)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from api.codes.reasons.deliverability import DnsCode
from api.deliverability.findings import Finding, advice, good, problem
from api.deliverability.resolver import Resolver, UnknownNameError

MAX_LOOKUPS = 10
"""Servers stop after this number (RFC 7208, section 4.6.4)."""
COUNT_LIMIT = 40
"""Lookups after which the check stops counting."""
MECHANISM = re.compile(r"^([+?~-]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?:[:/](.*))?$", re.IGNORECASE)
MODIFIER = re.compile(r"^([a-z][a-z0-9_.-]*)=(.*)$", re.IGNORECASE)
LOOKUPS = frozenset({"include", "a", "mx", "ptr", "exists"})


@dataclass
class _Walk:
    """The walk through a record and its includes. ``check_spf`` makes it, ``_follow`` fills it."""

    lookups: int = 0
    faults: list[Finding] = field(default_factory=list)
    ptr: bool = False


def spf_records(resolver: Resolver, domain: str) -> list[str]:
    """Return the SPF records of a domain. Raises UnknownNameError, LookupFailedError."""
    return [text for text in resolver.texts(domain) if re.match(r"v=spf1(?: |$)", text, re.IGNORECASE)]


def check_spf(resolver: Resolver, domain: str) -> Iterator[Finding]:
    """Yield the findings. Raises UnknownNameError, LookupFailedError."""
    records = spf_records(resolver, domain)
    if not records:
        yield problem(DnsCode.SPF_MISSING.message(domain=domain))
        return
    if len(records) > 1:
        yield problem(DnsCode.SPF_SEVERAL.message(domain=domain, count=len(records)))
        return
    walk = _Walk()
    end = _follow(resolver, domain, records[0], walk, (domain,))
    if walk.lookups > MAX_LOOKUPS:
        shown = walk.lookups if walk.lookups < COUNT_LIMIT else f"more than {COUNT_LIMIT - 1}"
        walk.faults.append(problem(DnsCode.SPF_TOO_MANY_LOOKUPS.message(domain=domain, lookups=shown)))
    if end in ("+all", "all"):
        walk.faults.append(problem(DnsCode.SPF_ALLOWS_ALL.message(domain=domain)))
    yield from walk.faults
    if end in ("", "?all"):
        yield advice(DnsCode.SPF_OPEN_END.message(domain=domain, end=end or "no all"))
    if walk.ptr:
        yield advice(DnsCode.SPF_PTR.message(domain=domain))
    if not walk.faults:
        yield good(DnsCode.SPF_FOUND.message(domain=domain, lookups=walk.lookups))


def _follow(resolver: Resolver, domain: str, record: str, walk: _Walk, path: tuple[str, ...]) -> str:
    """Count the lookups of a record and of those that it includes. Return its all, also that of a redirect."""
    end, redirect = "", ""
    for term in record.split()[1:]:
        mechanism, modifier = MECHANISM.match(term), MODIFIER.match(term)
        if mechanism is None:
            if modifier is None:
                walk.faults.append(problem(DnsCode.SPF_INVALID.message(domain=domain, term=term[:100])))
            elif modifier[1].lower() == "redirect":
                redirect = modifier[2]
            continue
        name, target = mechanism[2].lower(), (mechanism[3] or "").lower()
        walk.ptr = walk.ptr or name == "ptr"
        if name == "all":
            end = end or f"{mechanism[1]}all"
            break  # servers do not read on
        if name in LOOKUPS:
            walk.lookups += 1
        if name == "include":
            _include(resolver, domain, target, walk, path)
    if redirect and not end:
        walk.lookups += 1
        return _include(resolver, domain, redirect.lower(), walk, path)
    return end


def _include(resolver: Resolver, domain: str, name: str, walk: _Walk, path: tuple[str, ...]) -> str:
    """Follow an include or a redirect. Names with macros depend on the email, and are only counted."""
    if "%" in name or walk.lookups >= COUNT_LIMIT:
        return "-all"
    try:
        records = spf_records(resolver, name) if name and name not in path else []
    except UnknownNameError:
        records = []
    if len(records) != 1:
        walk.faults.append(problem(DnsCode.SPF_BROKEN_INCLUDE.message(domain=domain, name=name[:100] or "nothing")))
        return "-all"
    return _follow(resolver, domain, records[0], walk, (*path, name))
