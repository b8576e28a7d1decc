"""Sign emails with DKIM (RFC 6376, RFC 8463), for mail servers that do not sign."""

import re
from collections.abc import Sequence

import idna

from plugins.channels.smtp.dkim_keys import DkimKey

SIGNED = (
    b"from",
    b"to",
    b"cc",
    b"reply-to",
    b"subject",
    b"date",
    b"message-id",
    b"in-reply-to",
    b"references",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
)
"""Headers that are signed if the email has them. RFC 8058 requires those of unsubscribing."""
FROM = re.compile(rb"(?:^|\r\n)from:((?:[^\r]|\r\n[ \t])*)", re.IGNORECASE)
FIELD_NAME = re.compile(rb"(?:^|\r\n)([!-9;-~]+):")
DOMAIN = re.compile(r"@([^\s<>@\"]+)>?\s*$")


class UnsignableError(Exception):
    """An email cannot be signed. The message is the cause."""


class DkimSigner:
    """Signs emails whose sender is at the domain of a key, or at a subdomain."""

    def __init__(self, keys: Sequence[DkimKey]) -> None:
        self._keys = sorted(keys, key=lambda each: -len(each.domain))
        """The most precise domain first."""

    def __bool__(self) -> bool:
        return bool(self._keys)

    def signature(self, message: bytes) -> bytes:
        """Return the header DKIM-Signature of an email with CRLF, or nothing if no key is for its sender.

        Takes less than 1 ms. Raises UnsignableError.
        """
        head = message.partition(b"\r\n\r\n")[0]
        key = self._key_for(sender_domain(head))
        if key is None:
            return b""
        present = {name.lower() for name in FIELD_NAME.findall(head)}
        # From is named twice, so that nobody can add a second From without breaking the signature.
        headers = [name for name in SIGNED if name in present] + [b"from"]
        # Imported with the first signature: dkimpy loads a DNS client, which no other start waits for.
        from plugins.channels.smtp.dkim_signature import DKIMException, Signature

        try:
            return Signature(message, key).header(headers)
        except (DKIMException, ValueError, UnicodeError) as error:
            raise UnsignableError(str(error)[:200] or type(error).__name__) from None

    def _key_for(self, domain: str) -> DkimKey | None:
        return next((key for key in self._keys if domain == key.domain or domain.endswith(f".{key.domain}")), None)


def sender_domain(head: bytes) -> str:
    """Return the domain of From in ASCII and lower case, or an empty text."""
    found = FROM.search(head)
    domain = DOMAIN.search(found[1].decode("utf-8", "replace")) if found else None
    if domain is None:
        return ""
    text = domain[1].lower()
    try:
        return text if text.isascii() else idna.encode(text, uts46=True).decode("ascii")
    except idna.IDNAError:
        return ""
