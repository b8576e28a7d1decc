"""Check what a channel returns against the contract, and turn its values into plain ones."""

import logging
import math
from contextlib import suppress
from datetime import UTC, datetime

from plugins.contract import Outcome, Receipt
from plugins.instants import storable_instant
from plugins.loading.hook_results import describe

log = logging.getLogger("touchline.channels")


def plain_receipt(answer: object) -> Receipt | None:
    """Return a channel's answer with plain values only. None if it is not a receipt with an outcome."""
    if not isinstance(answer, Receipt) or not isinstance(answer.outcome, Outcome):
        return None
    plain = type(answer.code) is str and type(answer.detail) is str
    if plain and answer.refused_copies == () and answer.retry_after is None:
        return answer
    return Receipt(
        answer.outcome,
        plain_text(answer.code),
        plain_text(answer.detail),
        _refused_copies(answer),
        plain_retry_after(answer.retry_after),
    )


def described(answer: object) -> str:
    """Describe an answer that breaks the contract."""
    if isinstance(answer, Receipt) and isinstance(answer.outcome, str):
        return f"the outcome {str(answer.outcome)!r:.60}"
    return describe(answer)


def plain_text(value: object) -> str:
    """Return a channel's value as text."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (int, float)):
        with suppress(ValueError):  # a number of more than 4,300 digits
            return str(value)
    return "" if value is None else describe(value)


def plain_retry_after(value: object) -> float | datetime | None:
    """Return a channel's ``retry_after`` if the contract allows it, else None."""
    if value is None:
        return None
    if isinstance(value, datetime) and value.tzinfo is not None and value.utcoffset() is not None:
        return storable_instant("retry_after", value).astimezone(UTC)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        with suppress(OverflowError):  # an integer that is too large for a float
            if math.isfinite(value):
                return float(value)
    log.error("a channel returned %s as retry_after; it must return seconds or an instant with a zone", describe(value))
    return None


def _refused_copies(answer: Receipt) -> tuple[tuple[str, str], ...]:
    """Return the rejected copies of a channel's answer, as far as they have the form of the contract."""
    try:
        return tuple((plain_text(address), plain_text(reason)) for address, reason in answer.refused_copies)
    except (TypeError, ValueError):
        log.exception("a channel returned rejected copies that are not pairs of an address and an answer")
        return ()
