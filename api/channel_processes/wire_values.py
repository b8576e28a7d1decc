"""Emails and receipts as JSON objects and bytes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from plugins.contract import Outcome, Outgoing, Receipt

MAX_TEXT_CHARACTERS = 100_000
"""Characters of each text of a receipt that are sent. Dispatch stores fewer."""


def emails_to_wire(emails: Sequence[Outgoing]) -> tuple[list[dict[str, Any]], bytes]:
    """Return the emails as objects, and their messages one after the other."""
    objects = [
        {
            "send_id": email.send_id,
            "envelope_from": email.envelope_from,
            "recipient": email.recipient,
            "copies": list(email.copies),
            "size": len(email.message),
        }
        for email in emails
    ]
    return objects, emails[0].message if len(emails) == 1 else b"".join(email.message for email in emails)


def emails_from_wire(objects: Sequence[dict[str, Any]], messages: bytes) -> list[Outgoing]:
    """Return the emails."""
    emails, start = [], 0
    for each in objects:
        message = messages[start : start + each["size"]]
        start += each["size"]
        emails.append(
            Outgoing(each["send_id"], each["envelope_from"], each["recipient"], message, tuple(each["copies"]))
        )
    return emails


def receipt_to_wire(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt with plain values as an object. A usual one has three values."""
    found: dict[str, Any] = {
        "outcome": receipt.outcome.value,
        "code": receipt.code[:MAX_TEXT_CHARACTERS],
        "detail": receipt.detail[:MAX_TEXT_CHARACTERS],
    }
    if receipt.refused_copies:
        found["refused_copies"] = [list(pair) for pair in receipt.refused_copies]
    if isinstance(receipt.retry_after, datetime):
        found["retry_at"] = receipt.retry_after.isoformat()
    elif receipt.retry_after is not None:
        found["retry_after"] = receipt.retry_after
    return found


def retry_after_from_wire(found: dict[str, Any]) -> float | datetime | None:
    """Return the ``retry_after`` of a receipt or an error."""
    return datetime.fromisoformat(found["retry_at"]) if "retry_at" in found else found.get("retry_after")


def receipt_from_wire(found: dict[str, Any]) -> Receipt:
    """Return the receipt."""
    copies = tuple((address, reason) for address, reason in found.get("refused_copies", ()))
    return Receipt(Outcome(found["outcome"]), found["code"], found["detail"], copies, retry_after_from_wire(found))
