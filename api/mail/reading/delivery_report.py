"""Reads the fields of delivery reports (RFC 3464)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from api.mail.reading.headers import Headers, addresses_in, read_headers
from api.mail.reading.parts import ReceivedMail

REPORT_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
MAX_RECIPIENTS = 100
BLOCK_START = re.compile(
    r"^(?:reporting-mta|final-recipient|original-recipient|action)[ \t]*:", re.IGNORECASE | re.MULTILINE
)
HEX_ESCAPE = re.compile(r"\\x\{([0-9a-fA-F]{2,6})\}")
STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True)
class RecipientReport:
    """The fields that a delivery report has for one recipient."""

    address: str
    """The address that the email was sent to, or the final one. Empty if neither is an email address."""
    action: str
    status: str
    diagnostic: str


def read_recipient_reports(mail: ReceivedMail, text: str) -> list[RecipientReport]:
    """Return the recipients of the delivery reports in a mail. Servers also write the fields into ``text``."""
    blocks = [part.text for part in mail.parts if part.content_type in REPORT_TYPES]
    if not blocks and (found := BLOCK_START.search(text)) and re.search(r"^final-recipient[ \t]*:", text, re.I | re.M):
        blocks = [text[found.start() :]]
    groups = (group for block in blocks for group in _groups(block))
    reports = (report for group in islice(groups, 2 * MAX_RECIPIENTS) if (report := _report(group)) is not None)
    return list(islice(reports, MAX_RECIPIENTS))


def _groups(block: str) -> Iterator[Headers]:
    """Yield the groups of fields between empty lines."""
    data, position = block.lstrip("\n").encode("utf-8", "replace"), 0
    for _ in range(MAX_RECIPIENTS * 2):
        headers, after = read_headers(data, position)
        if after <= position:
            after = data.find(b"\n", position) + 1  # a line without a field
            if not after:
                return
        yield headers
        position = after


def _report(group: Headers) -> RecipientReport | None:
    final, original = group.get("final-recipient"), group.get("original-recipient")
    if not final and not original:
        return None
    status = STATUS.search(group.get("status")[:100])
    return RecipientReport(
        address=_address(original) or _address(group.get("x-actual-recipient")) or _address(final),
        action=group.get("action")[:100].partition(" ")[0].strip().lower(),
        status=status[1] if status else "",
        diagnostic=_diagnostic(group),
    )


def _address(value: str) -> str:
    """Return the address in a field such as "rfc822; ann@example.com"."""
    kind, separator, rest = value.partition(";")
    text = rest if separator else kind
    if kind.strip().lower() == "utf-8":
        text = HEX_ESCAPE.sub(lambda found: chr(int(found[1], 16)) if int(found[1], 16) < 0x110000 else "", text)
    found = addresses_in(text)
    return found[0] if found else ""


def _diagnostic(group: Headers) -> str:
    """Return the mail server's text without the type of the code. Local error numbers ("X-Unix; 77") are left out."""
    values = [value for value in group.get_all("diagnostic-code") if value]
    value = values[0] if values else ""
    kind, separator, text = value.partition(";")
    if separator and " " not in kind.strip():
        value = text.strip()
    if not re.search(r"[^\W\d_]{3}", value):
        note = re.search(r"\(([^()]{5,200})\)", group.get("status"))
        return note[1] if note else value
    return value
