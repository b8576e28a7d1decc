"""Return addresses: each email has its own envelope sender, to which bounces are returned.

With ``TOUCHLINE_RETURN_PATH=bounces@example.com``, the envelope sender of an email is
``bounces+TOKEN@example.com``. The token is the id of the email and a signature, so nobody can guess the token of
another email. A bounce that has no other reference to its email still has this address. Tokens are read in any case,
because some mail servers change local parts to lower case.

The compose links of a task or of a one-off email have such an address in BCC, with a token of their own. A mail that
arrives there shows that the rep has sent the email from their own mailbox. Recipients do not see BCC, so nobody else
knows the token.
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
ID_PREFIX, TASK_PREFIX = "snd_", "tsk_"
SIGNED_PREFIX, SIGNED_PREFIX_OF_COPIES = b"return-path:", b"own-copy:"
SIGNED_PREFIX_OF_EMAIL_COPIES = b"own-copy-of-email:"
"""Keep these signatures apart from each other and from those of unsubscribe links, which have the same key."""


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
        return self._signed(SIGNED_PREFIX, send_id.removeprefix(ID_PREFIX))

    def send_id(self, address: str) -> str | None:
        """Return the id of the email that has this return address; None for any other address."""
        key = self._read(SIGNED_PREFIX, address)
        return None if key is None else f"{ID_PREFIX}{key}"

    def copy_address(self, owner_id: str) -> str:
        """Return the address for a copy of an email that a rep sends from their own mailbox.

        ``owner_id`` is the id of the task of the email, or of the one-off email.
        """
        if owner_id.startswith(ID_PREFIX):
            return self._signed(SIGNED_PREFIX_OF_EMAIL_COPIES, owner_id.removeprefix(ID_PREFIX))
        return self._signed(SIGNED_PREFIX_OF_COPIES, owner_id.removeprefix(TASK_PREFIX))

    def task_id(self, address: str) -> str | None:
        """Return the id of the task whose copies go to this address; None for any other address."""
        key = self._read(SIGNED_PREFIX_OF_COPIES, address)
        return None if key is None else f"{TASK_PREFIX}{key}"

    def copied_email_id(self, address: str) -> str | None:
        """Return the id of the one-off email whose copies go to this address; None for any other address."""
        key = self._read(SIGNED_PREFIX_OF_EMAIL_COPIES, address)
        return None if key is None else f"{ID_PREFIX}{key}"

    def _signed(self, prefix: bytes, key: str) -> str:
        return f"{self._begin}{key}{_signature(self._key, prefix, key)}{self._end}"

    def _read(self, prefix: bytes, address: str) -> str | None:
        found = self._pattern.fullmatch(address.strip())
        if found is None:
            return None
        key, signature = found[1].lower(), found[2].lower()
        if not any(hmac.compare_digest(_signature(each, prefix, key), signature) for each in self._keys):
            return None
        return key


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


def _signature(key: bytes, prefix: bytes, token: str) -> str:
    return hmac.digest(key, prefix + token.encode(), "sha256").hex()[:SIGNATURE_CHARACTERS]
