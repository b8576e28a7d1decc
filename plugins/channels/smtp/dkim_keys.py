"""Read the DKIM keys in the environment: one for each domain of senders.

``TOUCHLINE_DKIM_KEY`` is a file with a private key (PEM): RSA with at least 1,024 bits, or Ed25519. The domain that it
signs for is in ``TOUCHLINE_DKIM_DOMAIN``, its selector in ``TOUCHLINE_DKIM_SELECTOR``. Keys of further domains are in
``TOUCHLINE_DKIM_KEY_NAME``, with ``TOUCHLINE_DKIM_DOMAIN_NAME`` and ``TOUCHLINE_DKIM_SELECTOR_NAME``.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import idna
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from plugins.server_accounts.environment import account_names

VARIABLE = "TOUCHLINE_DKIM_KEY"
DOMAIN, SELECTOR = "TOUCHLINE_DKIM_DOMAIN", "TOUCHLINE_DKIM_SELECTOR"
RSA, ED25519 = b"rsa-sha256", b"ed25519-sha256"
MIN_RSA_BITS = 1_024
"""Servers reject signatures of shorter keys (RFC 8301)."""
MAX_FILE_BYTES = 65_536
PRIVATE_KEY = b"PRIVATE KEY-----"
SELECTOR_NAME = re.compile(
    r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)


@dataclass(frozen=True)
class DkimKey:
    """The key that signs the emails of a domain and of its subdomains."""

    domain: str
    """In ASCII and lower case."""
    selector: str
    algorithm: bytes
    private_key: bytes = field(repr=False)
    """In the form that dkimpy reads: PEM for RSA, base64 of the 32 bytes for Ed25519."""
    rsa: RSAPrivateKey | None = field(default=None, repr=False)
    """The same key for the library cryptography, if it is an RSA key."""


def read_keys(environment: Mapping[str, str]) -> list[DkimKey]:
    """Read all keys. Raises ValueError with a sentence that names the variable, never with parts of a key."""
    found: dict[str, DkimKey] = {}
    for name in account_names(environment, VARIABLE):
        end = f"_{name}" if name else ""
        key = _read_key(environment, end)
        if key.domain in found:
            raise ValueError(f"{DOMAIN}{end} cannot be used. Another DKIM key signs for {key.domain} already.")
        found[key.domain] = key
    return list(found.values())


def _read_key(environment: Mapping[str, str], end: str) -> DkimKey:
    domain, selector = _domain(environment, f"{DOMAIN}{end}"), environment.get(f"{SELECTOR}{end}", "").strip()
    if not SELECTOR_NAME.fullmatch(selector):
        raise ValueError(f"{SELECTOR}{end} must be the selector of the key in {VARIABLE}{end}, such as s1.")
    variable = f"{VARIABLE}{end}"
    try:
        with Path(environment[variable]).open("rb") as file:
            pem = file.read(MAX_FILE_BYTES)
    except OSError as error:
        raise ValueError(f"{variable} cannot be used. The file cannot be read: {error.strerror}.") from None
    key = _parse(pem, variable)
    if isinstance(key, Ed25519PrivateKey):
        return DkimKey(domain, selector, ED25519, base64.b64encode(key.private_bytes_raw()))
    content = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return DkimKey(domain, selector, RSA, content, key)


def _domain(environment: Mapping[str, str], variable: str) -> str:
    text = environment.get(variable, "").strip().rstrip(".")
    try:
        domain = idna.encode(text, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        domain = ""
    if "." not in domain:
        raise ValueError(f"{variable} must be the domain that the DKIM key signs for, such as example.com.")
    return domain


def _parse(pem: bytes, variable: str) -> RSAPrivateKey | Ed25519PrivateKey:
    """Read the private key in a file. Raises ValueError."""
    if PRIVATE_KEY not in pem:
        raise ValueError(f"{variable} cannot be used. The file has no private key in PEM format.")
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # left out below, because it can have parts of the key
        key = None
    if not isinstance(key, (RSAPrivateKey, Ed25519PrivateKey)):
        raise ValueError(f"{variable} cannot be used. The key is not an RSA or Ed25519 key without a passphrase.")
    if isinstance(key, RSAPrivateKey) and key.key_size < MIN_RSA_BITS:
        raise ValueError(
            f"{variable} cannot be used. The RSA key has {key.key_size} bits; servers require {MIN_RSA_BITS:,}."
        )
    return key
