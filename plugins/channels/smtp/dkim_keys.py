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
from dkim.crypto import UnparsableKeyError, parse_pem_private_key

from plugins.server_accounts.environment import account_names

VARIABLE = "TOUCHLINE_DKIM_KEY"
DOMAIN, SELECTOR = "TOUCHLINE_DKIM_DOMAIN", "TOUCHLINE_DKIM_SELECTOR"
RSA, ED25519 = b"rsa-sha256", b"ed25519-sha256"
MIN_RSA_BITS = 1_024
"""Servers reject signatures of shorter keys (RFC 8301)."""
MAX_FILE_BYTES = 65_536
PEM = re.compile(rb"-----BEGIN ([A-Z ]+)-----\s+([A-Za-z0-9+/=\s]+?)-----END \1-----")
ED25519_PREFIX = bytes.fromhex("302e020100300506032b657004220420")
"""Beginning of an Ed25519 key in PKCS #8 (RFC 8410). The 32 bytes of the key follow."""
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
    algorithm, key = _parse(pem, variable)
    return DkimKey(domain, selector, algorithm, key)


def _domain(environment: Mapping[str, str], variable: str) -> str:
    text = environment.get(variable, "").strip().rstrip(".")
    try:
        domain = idna.encode(text, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        domain = ""
    if "." not in domain:
        raise ValueError(f"{variable} must be the domain that the DKIM key signs for, such as example.com.")
    return domain


def _parse(pem: bytes, variable: str) -> tuple[bytes, bytes]:
    """Return the algorithm and the key as dkimpy reads it. Raises ValueError."""
    found = PEM.search(pem)
    if found is None:
        raise ValueError(f"{variable} cannot be used. The file has no private key in PEM format.")
    try:
        data = base64.b64decode(b"".join(found[2].split()), validate=True)
        if data.startswith(ED25519_PREFIX) and len(data) == len(ED25519_PREFIX) + 32:
            return ED25519, base64.b64encode(data[len(ED25519_PREFIX) :])
        bits = int(parse_pem_private_key(found[0])["modulus"]).bit_length()
    except (UnparsableKeyError, ValueError, KeyError, IndexError, TypeError):
        # The cause is left out, because it can have parts of the key.
        raise ValueError(
            f"{variable} cannot be used. The key is not an RSA or Ed25519 key without a passphrase."
        ) from None
    if bits < MIN_RSA_BITS:
        raise ValueError(f"{variable} cannot be used. The RSA key has {bits} bits; servers require {MIN_RSA_BITS:,}.")
    return RSA, found[0]
