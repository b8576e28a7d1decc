"""Write an address for the wire, or refuse it: nothing that could be taken for another command ever leaves."""

import re

import idna

UNSAFE = re.compile(r'[\s<>()\[\]:;,"\\@]')
QUOTED = re.compile(r'"(?:[^"\\<>]|\\[^<>])*"')
LITERAL = re.compile(r"\[[A-Za-z0-9:.-]+\]")


def for_the_wire(address: str) -> str:
    """Return the address with its domain in ASCII (IDNA). Raises ValueError for what is no address.

    The local part keeps its characters: where one is not ASCII, the server must know SMTPUTF8. The empty
    address (the sender of automatic answers) is one.
    """
    if not address:
        return ""
    if not address.isprintable():
        raise ValueError("an address has no control characters")
    local, _, domain = address.rpartition("@")
    if not local or (UNSAFE.search(local) and not QUOTED.fullmatch(local)):
        raise ValueError("what stands before the @ is not valid")
    if LITERAL.fullmatch(domain):
        return address
    if not domain or UNSAFE.search(domain):
        raise ValueError("what stands after the @ is not valid")
    if not domain.isascii():
        # IDNA 2008: the older standard, built into Python, would write another domain for some (ß).
        domain = idna.encode(domain, uts46=True).decode("ascii")
    return f"{local}@{domain}"
