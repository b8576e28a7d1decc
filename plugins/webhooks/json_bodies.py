"""Reads the untrusted JSON of a webhook, and the values in it, whose types nobody guarantees."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parseaddr
from ipaddress import ip_address
from typing import Any

from plugins.incoming import (
    MAX_ADDRESS_CHARACTERS,
    MAX_ID_CHARACTERS,
    MAX_KEY_CHARACTERS,
    MAX_STATUS_CHARACTERS,
    MAX_TEXT_CHARACTERS,
)
from plugins.webhooks.codes import WebhookCode
from plugins.webhooks.contract import WebhookRefusedError, WebhookStatus

MAX_VALUES = 200_000
"""Most commas and opening brackets in a body. More would block the event loop while they are parsed."""


def read_json(body: bytes) -> Any:
    """Parse a body. Raises WebhookRefusedError for text that is not JSON, and for names that occur twice."""
    if body.count(b",") + body.count(b"{") + body.count(b"[") > MAX_VALUES:
        raise WebhookRefusedError(
            WebhookStatus.TOO_LARGE, *WebhookCode.WEBHOOK_TOO_LARGE.message("values", limit=MAX_VALUES)
        )
    try:
        found = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise invalid(str(error)[:200] or type(error).__name__) from None
    return found


def read_object(body: bytes) -> dict[str, Any]:
    """Parse a body that is one JSON object. Raises WebhookRefusedError."""
    found = read_json(body)
    if not isinstance(found, dict):
        raise invalid("The body is not an object")
    return found


def invalid(fault: str) -> WebhookRefusedError:
    """Return the refusal of a body that cannot be read. ``fault`` is a sentence without its full stop."""
    return WebhookRefusedError(WebhookStatus.INVALID, *WebhookCode.WEBHOOK_INVALID.message(fault=fault.rstrip(".")))


def inner(value: object, *names: str) -> Mapping[str, Any]:
    """Return an object inside of others, or an empty one."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def texts(value: object) -> list[str]:
    """Return the texts of a list."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def text(value: object, limit: int = MAX_TEXT_CHARACTERS) -> str:
    """Return the beginning of a text or number, or an empty text for every other value."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    plain = value if isinstance(value, str) else str(value)
    return plain[:limit].replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def key(value: object) -> str:
    """Return an id of an event, or an empty text if there is none that can be stored whole."""
    return _whole(value, MAX_KEY_CHARACTERS)


def message_id(value: object) -> str | None:
    """Return a Message-ID with its angle brackets, or None."""
    found = _whole(value, MAX_ID_CHARACTERS - 2).strip().removeprefix("<").removesuffix(">")
    return f"<{found}>" if found else None


def email_id(value: object) -> str | None:
    """Return an id of an email, or None."""
    return _whole(value, MAX_ID_CHARACTERS).strip() or None


def address(value: object) -> str | None:
    """Return an email address, or None."""
    return _whole(value, MAX_ADDRESS_CHARACTERS).strip() or None


def mailbox(value: object) -> str | None:
    """Return the address of a header such as "Ada <ada@example.com>", or None."""
    return address(parseaddr(text(value))[1])


def status(value: object) -> str:
    """Return an enhanced status such as "5.1.1", or an empty text."""
    return _whole(value, MAX_STATUS_CHARACTERS).strip()


def ip(value: object) -> str:
    """Return an IP address, or an empty text."""
    try:
        return str(ip_address(value)) if isinstance(value, str) else ""
    except ValueError:
        return ""


def seconds(value: object, now: datetime) -> datetime:
    """Return a time in seconds since 1970, but not later than ``now``. Anything else is ``now``."""
    try:
        number = float(value) if isinstance(value, (int, float, str)) else math.nan
        return min(datetime.fromtimestamp(number, UTC), now)
    except (ValueError, OverflowError, OSError):
        return now


def instant(value: object, now: datetime) -> datetime:
    """Return an ISO 8601 time, but not later than ``now``; UTC if it has no zone. Anything else is ``now``."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else now
        return min(found if found.tzinfo else found.replace(tzinfo=UTC), now).astimezone(UTC)
    except (ValueError, OverflowError):
        return now


def _whole(value: object, limit: int) -> str:
    """Return a text or number, or an empty text if it is longer than the limit."""
    found = text(value, limit + 1)
    return found if len(found) <= limit else ""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A name occurs twice in one object")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")
