"""One DKIM signature, as dkimpy makes it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from dkim import DKIM, DKIMException

from plugins.channels.smtp.dkim_keys import ED25519, DkimKey

__all__ = ["DKIMException", "Signature"]


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


class Signature(DKIM):  # type: ignore[misc]
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
