"""Sign emails with DKIM (RFC 6376, RFC 8463), for mail servers that do not sign."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import dkim
import idna
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

from plugins.channels.smtp.dkim_keys import ED25519, DkimKey

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


class Signed(NamedTuple):
    """A signature as dkimpy takes it."""

    signature: bytes


class RsaSigner:
    """Signs a digest with RSA. Looks like the Ed25519 key that dkimpy calls."""

    def __init__(self, key: RSAPrivateKey) -> None:
        self._key = key

    def sign(self, digest: bytes) -> Signed:
        """Sign a SHA-256 digest (PKCS #1, version 1.5)."""
        return Signed(self._key.sign(digest, PKCS1v15(), Prehashed(SHA256())))


class Signature(dkim.DKIM):  # type: ignore[misc]
    """dkimpy signs, except for RSA: its RSA is in Python, and the library cryptography is twenty times as fast."""

    def __init__(self, message: bytes, key: DkimKey) -> None:
        super().__init__(message, signature_algorithm=key.algorithm, linesep=b"\r\n")
        self._dkim_key = key

    def header(self, headers: Sequence[bytes]) -> bytes:
        """Return the header DKIM-Signature, which signs these headers and the body."""
        key = self._dkim_key
        return self.sign(  # type: ignore[no-any-return]
            key.selector.encode(),
            key.domain.encode(),
            key.private_key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=headers,
        )

    def gen_header(
        self,
        fields: Any,
        include_headers: Any,
        canon_policy: Any,
        header_name: bytes,
        pk: Any,
        standardize: bool = False,
    ) -> bytes:
        """dkimpy calls this with the parsed private key, to write the header and to sign it."""
        if self._dkim_key.rsa is not None:
            # dkimpy then lets the key sign the digest: SHA-256 for both algorithms. ``fields`` names the right one.
            self.signature_algorithm, pk = ED25519, RsaSigner(self._dkim_key.rsa)
        return super().gen_header(  # type: ignore[no-any-return]
            fields, include_headers, canon_policy, header_name, pk, standardize
        )


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
        try:
            return Signature(message, key).header(headers)
        except (dkim.DKIMException, ValueError, UnicodeError) as error:
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
