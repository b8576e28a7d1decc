"""Validates and normalises email addresses.

Two addresses are equal if mail servers deliver them to the same mailbox:

- The domain is compared as IDNA 2008 has it. ``müller.de`` and ``xn--mller-kva.de`` are one domain, ``straße.de`` and
  ``strasse.de`` are two. Before that, UTS 46 (non-transitional) maps what keyboards produce: upper case, fullwidth
  letters and the ideographic full stop. Invisible characters in a domain are refused.
- The local part is compared in Unicode's composed form (NFC) and lower case. So ``é`` is one character however it is
  typed, and the Kelvin sign is a k; the ligature ``ﬃ`` is not ``ffi``, ``ß`` is not ``ss``, and the dotless i of
  Turkish is not ``i``. The two lower cases of the Greek capital sigma count as one letter: which of them a program
  writes depends on the program.
"""

import unicodedata

import idna
from email_validator import EmailNotValidError, validate_email

MAX_ADDRESS_LENGTH = 320
"""Longest address that is compared, in characters. A valid address has at most 254 (RFC 5321)."""
MAX_DELIVERABLE_BYTES = 254
"""Longest valid address, in bytes of UTF-8."""


class AddressProblem(ValueError):  # noqa: N818 - the user reads it
    """An address is not valid. The message says why."""


def address_key(address: str) -> str:
    """Return the normal form of an address: two addresses have the same form if they are the same mailbox.

    Dots and ``+tags`` count, because only some providers ignore them. Raises AddressProblem for addresses of more than
    MAX_ADDRESS_LENGTH characters.
    """
    _check_length(address, MAX_ADDRESS_LENGTH)
    if address.isascii() and "xn--" not in (lower := address.lower()) and lower[-1:] != ".":
        return lower
    local, at, domain = address.rpartition("@")
    return f"{_lower(local)}@{domain_key(domain)}" if at else _lower(domain)


def address_prefix(beginning: str) -> str:
    """Return the normal form of the beginning of an address, for prefix searches. Raises AddressProblem."""
    dot = "." if beginning.endswith(tuple(DOTS)) and "@" in beginning else ""
    return address_key(beginning).removesuffix(dot) + dot


DOTS = ".。．｡"
"""Characters that UTS 46 treats as the dot of a domain."""


def domain_key(domain: str) -> str:
    """Return the normal form of a domain: Unicode labels (IDNA 2008) in lower case, without a final dot."""
    if domain.isascii() and "xn--" not in (lower := domain.lower()):
        return lower.removesuffix(".")
    try:
        mapped = idna.uts46_remap(domain[:MAX_ADDRESS_LENGTH], std3_rules=False, transitional=False)
    except idna.IDNAError:
        mapped = _lower(domain)
    return ".".join(map(_label, mapped.removesuffix(".").split(".")))


def _label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return idna.ulabel(label)
    except idna.IDNAError:  # not a valid A-label: compare it as it is
        return label


def _lower(text: str) -> str:
    lower = unicodedata.normalize("NFC", text).lower().replace("ς", "σ")
    return unicodedata.normalize("NFC", lower)


def _check_length(text: str, most: int) -> None:
    if len(text) > most:
        raise AddressProblem(f"An address has up to {most} characters; this has {len(text):,}.")


def check_address(text: str) -> str:
    """Return the address in its normal form. Makes no network requests. Raises AddressProblem."""
    text = text.strip(" ")
    _check_length(text, MAX_DELIVERABLE_BYTES)
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except (EmailNotValidError, UnicodeError) as problem:
        shown = text[:60].encode("unicode_escape").decode("ascii")
        raise AddressProblem(f"'{shown}' is not a valid email address: {_reason(problem)}") from None
    return found.normalized


def _reason(problem: Exception) -> str:
    """Return why an address is not valid, as the end of a sentence."""
    said = str(problem)[:200]
    return "it has no @ sign." if said == "An email address must have an @-sign." else said
