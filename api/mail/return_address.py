"""Return addresses: each email has its own envelope sender, to which bounces are returned.

With ``TOUCHLINE_RETURN_PATH=bounces@example.com``, the envelope sender of an email is
``bounces+TOKEN@example.com``. The token is the id of the email and a signature, so nobody can guess the token of
another email. A bounce that has no other reference to its email still has this address. Tokens are read in any case,
because some mail servers change local parts to lower case.
"""

import hmac
import re
from collections.abc import Iterable

MAX_LOCAL_PART_BYTES = 64
"""RFC 5321."""
ID_CHARACTERS = 26
SIGNATURE_CHARACTERS = 20
"""Hexadecimal digits: 80 bits."""
TOKEN_CHARACTERS = ID_CHARACTERS + SIGNATURE_CHARACTERS
MAX_MAILBOX_BYTES = MAX_LOCAL_PART_BYTES - TOKEN_CHARACTERS - 1
"""Longest local part of the setting: the plus sign and the token follow it."""
ID_PREFIX = "snd_"
SIGNED_PREFIX = b"return-path:"
"""Keeps these signatures apart from those of unsubscribe links, which have the same key."""


class ReturnAddresses:
    """Makes and reads the return addresses of one setting.

    ``mailbox`` is the address of the setting. New addresses are signed with ``secret``. Those signed with one of
    ``old_secrets`` are still read.
    """

    def __init__(self, mailbox: str, secret: str, old_secrets: Iterable[str] = ()) -> None:
        local, _, domain = mailbox.rpartition("@")
        self._begin, self._end = f"{local}+", f"@{domain}"
        self._key = secret.encode()
        self._keys = [self._key, *(each.encode() for each in old_secrets if each)]
        self._pattern = re.compile(
            rf"{re.escape(self._begin)}([0-9a-z]{{{ID_CHARACTERS}}})([0-9a-f]{{{SIGNATURE_CHARACTERS}}})"
            rf"{re.escape(self._end)}",
            re.IGNORECASE,
        )

    def address(self, send_id: str) -> str:
        """Return the return address of an email."""
        key = send_id.removeprefix(ID_PREFIX)
        return f"{self._begin}{key}{_signature(self._key, key)}{self._end}"

    def send_id(self, address: str) -> str | None:
        """Return the id of the email that has this return address; None for any other address."""
        found = self._pattern.fullmatch(address.strip())
        if found is None:
            return None
        key, signature = found[1].lower(), found[2].lower()
        if not any(hmac.compare_digest(_signature(each, key), signature) for each in self._keys):
            return None
        return f"{ID_PREFIX}{key}"


def mailbox_fault(address: str) -> str | None:
    """Say why an address cannot be the setting; None if it can."""
    local, at, domain = address.rpartition("@")
    if not (at and local and domain) or not re.fullmatch(r"[A-Za-z0-9._-]+", local):
        return "must be an address such as bounces@example.com, without a plus sign"
    if not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", domain):
        return "must have a domain in ASCII, such as example.com"
    if len(local) > MAX_MAILBOX_BYTES:
        return f"must have at most {MAX_MAILBOX_BYTES} characters before the @"
    return None


def _signature(key: bytes, token: str) -> str:
    return hmac.digest(key, SIGNED_PREFIX + token.encode(), "sha256").hex()[:SIGNATURE_CHARACTERS]
