"""Reads reports of complaints: RFC 5965, and the older formats of some providers."""

import re
from dataclasses import dataclass, replace

from api.mail.reading.headers import Headers, addresses_in, read_headers
from api.mail.reading.message_ids import ids_of_returned
from api.mail.reading.parts import Part, ReceivedMail, split_mail
from api.mail.reading.returned_mail import Report, read_report

COMPLAINTS = frozenset(
    {"abuse", "fraud", "virus", "other", "opt-out", "opt-out-list", "miscategorized", "complaint", "spam"}
)
"""Feedback-Types that say that the recipient does not want the email."""
PROVIDER_COMPLAINT = re.compile(
    r"^\W{0,5}(?:complaint about message from\b|(?:e-?mail )?(?:abuse|spam|feedback) (?:report|complaint"
    r"|notification)\b"
    r"|spamcop \(|client tos notification)",
    re.IGNORECASE,
)
"""Subjects of providers that send no feedback report, such as Microsoft's Junk Mail Reporting Program."""
COMPLAINT_TEXT = re.compile(
    r"\bthis is an? (?:e-?mail )?(?:abuse|spam) report\b|\b(?:marked|reported) .{0,60}\bas (?:spam|junk)\b",
    re.IGNORECASE,
)
FIELDS = re.compile(r"^Feedback-Type[ \t]{0,5}:", re.IGNORECASE | re.MULTILINE)
USER_AGENT = re.compile(r"^User-Agent[ \t]{0,5}:", re.IGNORECASE | re.MULTILINE)
APPLE_UNSUBSCRIBE = "x-apple-unsubscribe"
"""Header of the mail that Apple Mail sends when a person clicks Unsubscribe."""
FIRST_BYTES = 4_096
READ_CHARACTERS = 4_000
ORIGINAL_RECIPIENT = "x-hmxmroriginalrecipient"


@dataclass(frozen=True)
class Feedback:
    """A feedback report."""

    type: str
    recipients: tuple[str, ...]
    message_ids: tuple[str, ...] = ()
    """Message-IDs that a forwarded report names."""

    @property
    def is_complaint(self) -> bool:
        return self.type in COMPLAINTS


def read_feedback(mail: ReceivedMail, report: Report) -> Feedback | None:
    """Return the feedback report in a mail or in a mail that it forwards, or None if there is none."""
    is_bounce = mail.headers.parameters.get("report-type", "").lower() == "delivery-status"
    for part in () if is_bounce else mail.parts:
        if part.content_type == "message/rfc822" and b"feedback-report" in part.raw[:FIRST_BYTES]:
            inner = split_mail(part.raw)
            inner_report = read_report(inner)
            if (forwarded := _read_fields(inner, inner_report.returned)) is not None:
                return replace(forwarded, message_ids=tuple(ids_of_returned(inner_report.returned)))
    return _read_fields(mail, report.returned) or _without_fields(mail, report)


def _read_fields(mail: ReceivedMail, returned: tuple[Headers, ...]) -> Feedback | None:
    """Return the feedback report that has the fields or the type of RFC 5965."""
    for part in mail.parts:
        start = 0 if part.content_type == "message/feedback-report" else _start_of_fields(part)
        if start >= 0:
            fields, _ = read_headers(part.text[start:].lstrip("\n").encode("utf-8", "replace"), 0)
            kind = fields.get("feedback-type").strip().lower()[:40]
            return Feedback(kind or "abuse", _recipients(fields, returned))
    if mail.headers.parameters.get("report-type", "").lower() == "feedback-report":
        return Feedback("abuse", _recipients(Headers([]), returned))
    return None


def _without_fields(mail: ReceivedMail, report: Report) -> Feedback | None:
    """Return a complaint in another format."""
    returned, subject = report.returned, mail.headers.text("subject")[:500]
    if APPLE_UNSUBSCRIBE in mail.headers:
        return Feedback("opt-out", mail.headers.addresses("from"))
    provider = [header for header in returned if ORIGINAL_RECIPIENT in header]
    is_told = PROVIDER_COMPLAINT.match(subject) and (returned or COMPLAINT_TEXT.search(report.text[:READ_CHARACTERS]))
    if provider or is_told:
        named = tuple(address for header in provider for address in addresses_in(header.get(ORIGINAL_RECIPIENT)))
        return Feedback("abuse", named or _recipients(Headers([]), returned))
    return None


def _start_of_fields(part: Part) -> int:
    """Return where a text has the fields of a feedback report, or -1. Some servers write them into the text."""
    if not part.content_type.startswith(("text/plain", "multipart/")):
        return -1
    found = FIELDS.search(part.text)
    return found.start() if found and USER_AGENT.search(part.text) else -1


def _recipients(fields: Headers, returned: tuple[Headers, ...]) -> tuple[str, ...]:
    """Return who complained: the recipients in the report, else those of the returned email."""
    named = fields.addresses("original-rcpt-to", "removal-recipient")
    return named or tuple(address for header in returned for address in header.addresses("to"))
