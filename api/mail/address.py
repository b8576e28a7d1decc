"""Validates and normalizes email addresses.

Two addresses are equal if mail servers deliver them to the same mailbox:

- Domains are compared by IDNA 2008. ``müller.de`` and ``xn--mller-kva.de`` are one domain, ``straße.de`` and
  ``strasse.de`` are two domains. Before that, UTS 46 (non-transitional) maps upper case, fullwidth
  letters and the ideographic full stop. Invisible characters in a domain are refused.
- Local parts are compared in Unicode's composed form (NFC) and lower case. So both encodings of ``é`` are equal, and
  the Kelvin sign equals ``k``. The ligature ``ﬃ`` is not ``ffi``, ``ß`` is not ``ss``, and the dotless i of Turkish is
  not ``i``. Both lower cases of the Greek capital sigma are equal, because programs choose either of them.
"""

import unicodedata

import idna
from email_validator import EmailNotValidError, validate_email

from api.codes.refusals.people import PersonCode
from strategies.codes import Message

MAX_ADDRESS_LENGTH = 320
"""Longest address that is compared, in characters. A valid address has at most 254 (RFC 5321)."""
MAX_DELIVERABLE_BYTES = 254
"""Longest valid address, in bytes of UTF-8 (RFC 5321)."""


class AddressProblem(ValueError):  # noqa: N818 - the user reads it
    """An address is not valid. The message says why."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.sentence)
        self.message = message


def address_key(address: str) -> str:
    """Return the key of an address: two addresses have the same key if they are the same mailbox.

    Example: ``Ada@XN--MLLER-KVA.de`` has the key ``ada@müller.de``. Dots and ``+tags`` count, because only some
    providers ignore them. Raises AddressProblem for addresses of more than MAX_ADDRESS_LENGTH characters.
    """
    _check_length(address, MAX_ADDRESS_LENGTH)
    if address.isascii() and "xn--" not in (lower := address.lower()) and lower[-1:] != ".":
        return lower
    local, at, domain = address.rpartition("@")
    return f"{_lower(local)}@{domain_key(domain)}" if at else _lower(domain)


def address_prefix(prefix: str) -> str:
    """Return the key of the beginning of an address, for prefix searches. Raises AddressProblem."""
    dot = "." if prefix.endswith(tuple(DOTS)) and "@" in prefix else ""
    return address_key(prefix).removesuffix(dot) + dot


DOTS = ".。．｡"
"""Characters that UTS 46 treats as the dot of a domain."""


def domain_key(domain: str) -> str:
    """Return the key of a domain: Unicode labels (IDNA 2008) in lower case, without a final dot."""
    if domain.isascii() and "xn--" not in (lower := domain.lower()):
        return lower.removesuffix(".")
    try:
        mapped = idna.uts46_remap(domain[:MAX_ADDRESS_LENGTH], std3_rules=False, transitional=False)
    except idna.IDNAError:
        mapped = _lower(domain)
    return ".".join(map(_unicode_label, mapped.removesuffix(".").split(".")))


def _unicode_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return idna.ulabel(label)
    except idna.IDNAError:  # not a valid A-label: compare it as it is
        return label


def _lower(text: str) -> str:
    lower = unicodedata.normalize("NFC", text).lower().replace("ς", "σ")
    return unicodedata.normalize("NFC", lower)


def _check_length(text: str, max_length: int) -> None:
    if len(text) > max_length:
        raise AddressProblem(PersonCode.INVALID_ADDRESS.message("too_long", limit=max_length, length=len(text)))


def check_address(text: str) -> str:
    """Return a valid address, normalized by email-validator. Makes no network requests. Raises AddressProblem."""
    text = text.strip(" ")
    _check_length(text, MAX_DELIVERABLE_BYTES)
    try:
        validated = validate_email(text, check_deliverability=False, test_environment=True)
    except (EmailNotValidError, UnicodeError) as problem:
        shown = text[:60].encode("unicode_escape").decode("ascii")
        raise AddressProblem(_invalid(shown, str(problem)[:200])) from None
    return validated.normalized


def _invalid(address: str, fault: str) -> Message:
    """Return the message for an invalid address. ``fault`` is the sentence of email-validator."""
    if fault == "An email address must have an @-sign.":
        return PersonCode.INVALID_ADDRESS.message("no_at", address=address)
    return PersonCode.INVALID_ADDRESS.message(address=address, fault=fault)
