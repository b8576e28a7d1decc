"""Checks that all signed webhooks share: the age of a request, and a comparison in constant time."""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from plugins.webhooks.codes import WebhookCode
from plugins.webhooks.contract import WebhookRefusedError, WebhookStatus

MAX_AHEAD = timedelta(minutes=5)
"""How far the clock of a provider may be ahead of ours."""
PROVIDER_WINDOW = timedelta(hours=26)
"""The age up to which requests of providers are accepted. They repeat a failed request for up to 24 hours.

A request that is repeated within this time has no effect, because the keys of its events are stored already.
"""


def check_age(signed_at: datetime, now: datetime, window: timedelta) -> None:
    """Refuse a request that was signed too long ago, or in the future. Raises WebhookRefusedError."""
    if not now - window <= signed_at <= now + MAX_AHEAD:
        raise WebhookRefusedError(
            WebhookStatus.FORBIDDEN, *WebhookCode.WEBHOOK_TOO_OLD.message(signed_at=signed_at.isoformat())
        )


def unix_seconds(text: str) -> datetime:
    """Read a signed time in seconds since 1970. Raises WebhookRefusedError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 11):
        raise WebhookRefusedError(WebhookStatus.UNAUTHENTICATED, *WebhookCode.WEBHOOK_UNSIGNED.message("timestamp"))
    return datetime.fromtimestamp(int(text), UTC)


def is_hmac_sha256(secrets: Iterable[bytes], message: bytes, signature: str) -> bool:
    """Say whether a hexadecimal signature was made with one of the secrets. Takes the same time for each answer."""
    given = signature.encode("ascii", "replace")
    made = [hmac.new(secret, message, hashlib.sha256).hexdigest().encode() for secret in secrets]
    return True in [hmac.compare_digest(each, given) for each in made]


def bad_signature() -> WebhookRefusedError:
    """Return the refusal of a signature that does not belong to the request."""
    return WebhookRefusedError(WebhookStatus.FORBIDDEN, *WebhookCode.WEBHOOK_BAD_SIGNATURE.message())


def unsigned(names: str) -> WebhookRefusedError:
    """Return the refusal of a request without a signature. ``names`` says where it belongs."""
    return WebhookRefusedError(WebhookStatus.UNAUTHENTICATED, *WebhookCode.WEBHOOK_UNSIGNED.message(names=names))
