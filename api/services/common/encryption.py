"""Encrypt the secrets that the database keeps, such as passwords and tokens of a CRM.

Each secret is bound to the id of its row, so that a copy of it in another row cannot be read. Of several keys the first
one encrypts, and all of them decrypt. ``touchline crm rotate-keys`` encrypts every secret with the first key.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ENCRYPTING_PURPOSE, SIGNING_PURPOSE = b"touchline secrets of connections", b"touchline states of logins"
DERIVED_KEY_BYTES = 32


class DecryptionError(Exception):
    """No key decrypts the secret, or it belongs to another row. The message has no part of the secret."""


class Encryption:
    """The keys of TOUCHLINE_ENCRYPTION_KEY."""

    def __init__(self, keys: Sequence[str]) -> None:
        ciphers = [Fernet(_fernet_key(key)) for key in keys]
        self._first = ciphers[0]
        self._all = MultiFernet(ciphers)
        self._signing_keys = [_derived(key, SIGNING_PURPOSE) for key in keys]

    def encrypt(self, row_id: str, secrets: Mapping[str, str]) -> str:
        """Return secrets as an encrypted text that only the row with this id can use."""
        return self._first.encrypt(json.dumps({"row": row_id, "secrets": dict(secrets)}).encode()).decode()

    def decrypt(self, row_id: str, text: str) -> dict[str, str]:
        """Return the secrets of a row. Raises DecryptionError."""
        try:
            content = json.loads(self._all.decrypt(text.encode()))
        except (InvalidToken, ValueError):
            raise DecryptionError("no key decrypts the secrets") from None
        if content["row"] != row_id:
            raise DecryptionError("the secrets belong to another row")
        return dict(content["secrets"])

    def sign(self, text: str) -> str:
        """Return a text with its signature."""
        return f"{text}.{_signature(self._signing_keys[0], text)}"

    def is_signed(self, signed: str) -> bool:
        """Say whether one of the keys has signed a text."""
        text, _, signature = signed.rpartition(".")
        encoded = signature.encode("utf-8", "replace")
        return any(hmac.compare_digest(_signature(key, text).encode(), encoded) for key in self._signing_keys)

    def is_current(self, text: str) -> bool:
        """Say whether a text is encrypted with the first key."""
        try:
            self._first.decrypt(text.encode())
        except InvalidToken:
            return False
        return True


def _fernet_key(key: str) -> bytes:
    return base64.urlsafe_b64encode(_derived(key, ENCRYPTING_PURPOSE))


def _derived(key: str, purpose: bytes) -> bytes:
    """Derive a key for one purpose from a random text. HKDF is RFC 5869."""
    return HKDF(SHA256(), DERIVED_KEY_BYTES, salt=None, info=purpose).derive(key.encode("utf-8", "replace"))


def _signature(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
