"""The signed links from which a browser downloads an email as a file. A browser cannot send a token with a link."""

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

VALID_FOR = timedelta(minutes=10)
"""How long a link works."""
SIGNATURE_BYTES = 16
"""128 bits of the HMAC-SHA256, which nobody can guess."""
_PURPOSE = b"touchline eml"
"""Keeps these signatures apart from those of other links, which have the same secret."""


@dataclass(frozen=True, slots=True)
class EmlLinks:
    """Makes and checks links. New links are signed with the first of ``secrets``.

    ``base_url`` is TOUCHLINE_PUBLIC_URL without a slash at its end. If it is empty, links are paths on this server.
    """

    base_url: str
    secrets: Sequence[str]

    def url(self, email_id: str, now: datetime) -> str:
        """Return a link that works until VALID_FOR after ``now`` (UTC)."""
        until = int((now + VALID_FOR).timestamp())
        signature = _sign(self.secrets[0], email_id, until)
        return f"{self.base_url}/emails/{email_id}.eml?until={until}&signature={signature}"

    def is_valid(self, email_id: str, until: str, signature: str, now: datetime) -> bool:
        """Say whether a link is signed and still works at ``now`` (UTC)."""
        if not (until.isascii() and until.isdigit() and len(until) <= 12 and signature.isascii()):
            return False
        signed = any(hmac.compare_digest(_sign(secret, email_id, int(until)), signature) for secret in self.secrets)
        return signed and now.timestamp() <= int(until)


def _sign(secret: str, email_id: str, until: int) -> str:
    key = hmac.digest(secret.encode(), _PURPOSE, "sha256")
    digest = hmac.digest(key, f"{email_id}|{until}".encode(errors="replace"), "sha256")[:SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
