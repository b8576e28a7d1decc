"""The signed address to which a mail program writes to unsubscribe (the mailto variant of RFC 2369).

``unsubscribe+TOKEN@example.com?subject=unsubscribe%20TOKEN``: the token identifies one sent email and has a signature.
It is in the subject as well, because some mail systems remove the part after the plus. Its letters may change their
case on the way.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

SIGNATURE_CHARACTERS = 16
"""Length of the signature: 80 bits in base32. With the email's id and a plus, the token takes 43 characters."""
TOKEN_CHARACTERS = 43
MAX_SEARCHED_CHARACTERS = 2_000
"""How much of a subject or address is searched for a token."""
_TOKEN = re.compile(rf"(?<![a-z0-9])([0-9a-hjkmnp-tv-z]{{26}})([a-z2-7]{{{SIGNATURE_CHARACTERS}}})(?![a-z0-9])")
_PREFIX = "snd_"


@dataclass(frozen=True, slots=True)
class UnsubscribeAddresses:
    """Makes the ``mailto:`` link of each email for TOUCHLINE_UNSUBSCRIBE_ADDRESS, whose mailbox Touchline reads.

    New links are signed with ``secret``. Those signed with one of ``old_secrets`` are still read.
    """

    mailbox: str
    secret: str
    old_secrets: tuple[str, ...] = ()

    @property
    def secrets(self) -> Sequence[str]:
        """The secrets of valid tokens."""
        return (self.secret, *self.old_secrets)

    def mailto(self, send_id: str) -> str:
        """Return the link that unsubscribes the recipient of an email."""
        return unsubscribe_mailto(self.mailbox, unsubscribe_token(self.secret, send_id))


def unsubscribe_token(secret: str, send_id: str) -> str:
    """Return the token that unsubscribes the recipient of an email."""
    return f"{send_id.removeprefix(_PREFIX)}{_signature(secret, send_id)}"


def unsubscribe_mailto(address: str, token: str | None = None) -> str:
    """Return the ``mailto:`` link that unsubscribes. Without a token, a person has to read the mail."""
    local, _, domain = address.rpartition("@")
    to = f"{local}+{token}@{domain}" if token else address
    subject = f"unsubscribe {token}" if token else "unsubscribe"
    return f"mailto:{quote(to, safe='@+')}?subject={quote(subject)}"


@lru_cache(maxsize=512)
def mailto_of_sender(address: str) -> str:
    """Return ``unsubscribe_mailto`` of a sender's address. Cached, because many emails share one."""
    return unsubscribe_mailto(address)


def signed_email(secrets: Sequence[str], texts: Iterable[str]) -> str | None:
    """Return the id of the email whose valid token is in one of these subjects or addresses; None if there is none."""
    for text in texts:
        for match in _TOKEN.finditer(text[:MAX_SEARCHED_CHARACTERS].lower()):
            send_id = f"{_PREFIX}{match[1]}"
            if any(hmac.compare_digest(_signature(secret, send_id), match[2]) for secret in secrets if secret):
                return send_id
    return None


def _signature(secret: str, send_id: str) -> str:
    digest = hmac.new(secret.encode(), f"unsubscribe by mail:{send_id}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest)[:SIGNATURE_CHARACTERS].decode().lower()
