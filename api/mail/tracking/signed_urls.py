"""The signed URLs of tracked links and of the pixel.

A URL has the id of the email, and a link's URL has its target too. The signature covers both, so that the server
redirects only to targets that an email had, and counts only emails that it sent. No look-up in the database is needed.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

from api.mail.tracking.targets import redirect_target

MAX_TARGET_BYTES = 1_200
"""Longest target of a tracked link. Its tracked URL stays below 2,000 characters, which all clients accept."""
SIGNATURE_BYTES = 16
"""128 bits of the HMAC-SHA256, which nobody can guess."""
_PURPOSE = b"touchline tracking"
"""Keeps these signatures apart from those of unsubscribe links, which have the same secret."""
_EMAIL_ID = re.compile(r"[a-z0-9_]{1,40}")


def tracking_key(secret: str) -> bytes:
    """Return the key of tracked URLs, derived from the server's secret."""
    return hmac.digest(secret.encode(), _PURPOSE, "sha256")


def encode_target(url: str) -> str | None:
    """Return a target as a part of a path; None if it is too long."""
    data = url.encode()
    return None if len(data) > MAX_TARGET_BYTES else base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_target(target: str) -> str:
    """Return an encoded target as its author wrote it. Raises binascii.Error and UnicodeDecodeError."""
    return base64.urlsafe_b64decode(target + "=" * (-len(target) % 4)).decode()


@dataclass(frozen=True, slots=True)
class TrackingLinks:
    """How this server writes tracked URLs."""

    base_url: str
    """TOUCHLINE_TRACKING_URL without a slash at its end. It has no character that HTML escapes."""
    key: bytes
    unsubscribe_prefix: str
    """How our own unsubscribe links begin, which are never tracked; "" if there are none."""


@dataclass(frozen=True, slots=True)
class EmailTracking:
    """How the links of one email are tracked."""

    links: TrackingLinks
    email_id: str
    opens: bool
    """Whether the email has a pixel."""
    clicks: bool = True
    """Whether its links are tracked. If not, tracked links of other emails that a rep pasted get their own targets."""

    def click_url(self, target: str) -> str:
        """Return the tracked URL of a link, for its encoded target."""
        path = f"click/{self.email_id}/{target}"
        return f"{self.links.base_url}/{path}/{_signature(self.links.key, path)}"

    @property
    def pixel_url(self) -> str:
        """The URL of the email's pixel."""
        path = f"open/{self.email_id}"
        return f"{self.links.base_url}/{path}/{_signature(self.links.key, path)}.gif"


def opened_email(keys: Iterable[bytes], email_id: str, signature: str) -> str | None:
    """Return the email of a pixel's URL; None if the URL is not ours."""
    return email_id if _is_signed(keys, "open", email_id, "", signature) else None


def clicked_target(keys: Iterable[bytes], email_id: str, target: str, signature: str) -> str | None:
    """Return the target of a tracked link, as its author wrote it; None if the URL is not ours."""
    if not target or not _is_signed(keys, "click", email_id, target, signature):
        return None
    try:
        url = decode_target(target)
    except (binascii.Error, UnicodeDecodeError):
        return None
    return url if redirect_target(url) is not None else None


def _is_signed(keys: Iterable[bytes], kind: str, email_id: str, target: str, signature: str) -> bool:
    if not _EMAIL_ID.fullmatch(email_id) or not target.isascii() or not signature.isascii():
        return False
    path = f"{kind}/{email_id}/{target}" if target else f"{kind}/{email_id}"
    return any(hmac.compare_digest(_signature(key, path), signature) for key in keys)


def _signature(key: bytes, path: str) -> str:
    digest = hmac.digest(key, path.encode(), "sha256")[:SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
