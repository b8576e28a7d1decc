"""Checks the DKIM keys of a domain (RFC 6376, RFC 8463)."""

import base64
import binascii
from collections.abc import Iterator, Sequence

from api.codes.reasons.deliverability import DnsCode
from api.deliverability.findings import Finding, advice, good, problem
from api.deliverability.resolver import Resolver, UnknownNameError
from api.deliverability.tags import read_tags

COMMON_SELECTORS = (
    *("google", "selector1", "selector2", "default", "dkim", "mail", "smtp", "email", "k1", "k2", "k3", "s1", "s2"),
    *(
        "pm",
        "mandrill",
        "mxvault",
        "fm1",
        "fm2",
        "fm3",
        "protonmail",
        "zoho",
        "mailjet",
        "sendgrid",
        "sig1",
        "x",
        "dkim1",
    ),
    *("key1", "key2", "mta", "mx", "postmark", "resend", "brevo", "ed", "touchline"),
)
"""Selectors of large providers."""
RSA_1024_BYTES, RSA_2048_BYTES = 162, 294
"""Size of a public RSA key as SubjectPublicKeyInfo."""
ED25519_BYTES = 32


def check_dkim(resolver: Resolver, domain: str, selectors: Sequence[str]) -> Iterator[Finding]:
    """Yield the findings. Without selectors, common ones are tried. Raises LookupFailedError."""
    found = False
    for selector in selectors or COMMON_SELECTORS:
        record = _record(resolver, f"{selector}._domainkey.{domain}")
        if record is not None:
            found = True
            yield from _check_key(domain, selector, record)
        elif selectors:
            yield problem(DnsCode.DKIM_MISSING.message(domain=domain, selector=selector))
    if not found and not selectors:
        yield advice(DnsCode.DKIM_NOT_FOUND.message(domain=domain, count=len(COMMON_SELECTORS)))


def _record(resolver: Resolver, name: str) -> str | None:
    try:
        texts = resolver.texts(name)
    except UnknownNameError:
        return None
    return next((text for text in texts if "p" in read_tags(text)), texts[0] if texts else None)


def _check_key(domain: str, selector: str, record: str) -> Iterator[Finding]:
    tags = read_tags(record)
    kind, key = tags.get("k", "rsa").lower(), "".join(tags.get("p", "").split())
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        fault = "it has no key (p=)" if "p" not in tags else "its version is not DKIM1"
        yield problem(DnsCode.DKIM_INVALID.message(selector=selector, fault=fault))
        return
    if not key:
        yield problem(DnsCode.DKIM_REVOKED.message(selector=selector))
        return
    try:
        size = len(base64.b64decode(key, validate=True))
    except (binascii.Error, ValueError):
        yield problem(DnsCode.DKIM_INVALID.message(selector=selector, fault="its key is not valid base64"))
        return
    if kind == "ed25519" and size != ED25519_BYTES:
        yield problem(DnsCode.DKIM_INVALID.message(selector=selector, fault=f"its key has {size} bytes instead of 32"))
        return
    if kind == "rsa" and size < RSA_1024_BYTES - 2:
        yield problem(DnsCode.DKIM_WEAK.message(selector=selector, bits="1,024"))
        return
    if kind == "rsa" and size < RSA_2048_BYTES - 2:
        yield advice(DnsCode.DKIM_WEAK.message(selector=selector, bits="2,048"))
    if "y" in tags.get("t", "").lower().split(":"):
        yield advice(DnsCode.DKIM_TESTING.message(selector=selector))
    yield good(DnsCode.DKIM_FOUND.message(domain=domain, selector=selector))
