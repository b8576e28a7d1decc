"""Which addresses can be written to, and which of them are one mailbox.

Two addresses are one mailbox where mail servers deliver them to the same one:

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
"""Characters of an address that is compared. One that can be written to has at most 254 (RFC 5321)."""
MAX_DELIVERABLE_BYTES = 254
"""Bytes of an address that can be written to, in UTF-8."""


class AddressProblem(ValueError):  # noqa: N818 - told to the user as it is
    """An address that cannot be written to, and why."""


def address_key(address: str) -> str:
    """Return the normal form of an address: equal for two addresses exactly if they are one mailbox.

    What a provider makes of dots or ``+tags`` is its own affair. Raises AddressProblem for more than MAX_ADDRESS_LENGTH
    characters.
    """
    _check_length(address, MAX_ADDRESS_LENGTH)
    if address.isascii() and "xn--" not in (lower := address.lower()) and lower[-1:] != ".":
        return lower
    local, at, domain = address.rpartition("@")
    return f"{_lower(local)}@{domain_key(domain)}" if at else _lower(domain)


def address_prefix(beginning: str) -> str:
    """Return what the key of every address begins with that begins so. Raises AddressProblem for a longer one."""
    dot = "." if beginning.endswith(tuple(DOTS)) and "@" in beginning else ""
    return address_key(beginning).removesuffix(dot) + dot


DOTS = ".。．｡"
"""What UTS 46 takes for the dot of a domain."""


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
    except idna.IDNAError:  # it only looks like one, and is compared as it is
        return label


def _lower(text: str) -> str:
    lower = unicodedata.normalize("NFC", text).lower().replace("ς", "σ")
    return unicodedata.normalize("NFC", lower)


def _check_length(text: str, most: int) -> None:
    if len(text) > most:
        raise AddressProblem(f"An address has up to {most} characters; this has {len(text):,}.")


def check_address(text: str) -> str:
    """Return the address in its normal form. Raises AddressProblem. Asks no network."""
    text = text.strip(" ")
    _check_length(text, MAX_DELIVERABLE_BYTES)
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except (EmailNotValidError, UnicodeError) as problem:
        shown = text[:60].encode("unicode_escape").decode("ascii")
        raise AddressProblem(f"'{shown}' is no address that can be written to: {str(problem)[:200]}") from None
    return found.normalized
