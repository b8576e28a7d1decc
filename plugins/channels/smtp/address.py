"""Write an address for SMTP, or reject it. No address can inject an SMTP command."""

import re

import idna

UNSAFE = re.compile(r'[\s<>()\[\]:;,"\\@]')
QUOTED = re.compile(r'"(?:[^"\\<>]|\\[^<>])*"')
LITERAL = re.compile(r"\[[A-Za-z0-9:.-]+\]")


def for_the_wire(address: str) -> str:
    """Return the address with its domain in ASCII (IDNA). Raises ValueError for an invalid address.

    The local part does not change. If it is not ASCII, the server must support SMTPUTF8. The empty address is valid,
    because it is the sender of automatic answers.
    """
    if not address:
        return ""
    if not address.isprintable():
        raise ValueError("it contains control characters")
    local, _, domain = address.rpartition("@")
    if not local or (UNSAFE.search(local) and not QUOTED.fullmatch(local)):
        raise ValueError("the part before the @ is not valid")
    if LITERAL.fullmatch(domain):
        return address
    if not domain or UNSAFE.search(domain):
        raise ValueError("the part after the @ is not valid")
    if not domain.isascii():
        # IDNA 2008. Python's built-in codec has the older standard, which gives another domain for ß.
        domain = idna.encode(domain, uts46=True).decode("ascii")
    return f"{local}@{domain}"
