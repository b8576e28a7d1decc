"""The password of providers that sign nothing: basic authentication with any user name."""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping

from plugins.webhooks.codes import WebhookCode
from plugins.webhooks.contract import WebhookRefusedError, WebhookStatus


def basic_password(headers: Mapping[str, str]) -> bytes:
    """Return the password of basic authentication, or nothing."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded.strip(), validate=True).partition(b":")[2]
    except (binascii.Error, ValueError):
        return b""


def check_password(given: bytes, passwords: Iterable[bytes]) -> None:
    """Compare a password with the valid ones, in the same time for each answer. Raises WebhookRefusedError.

    Amazon SNS sends the password only after an answer with the status 401.
    """
    if not given:
        raise WebhookRefusedError(
            WebhookStatus.UNAUTHENTICATED,
            *WebhookCode.WEBHOOK_UNSIGNED.message("no_login"),
            {"WWW-Authenticate": 'Basic realm="Touchline"'},
        )
    if True not in [hmac.compare_digest(password, given) for password in passwords]:
        raise WebhookRefusedError(WebhookStatus.FORBIDDEN, *WebhookCode.WEBHOOK_BAD_SIGNATURE.message("wrong_login"))
