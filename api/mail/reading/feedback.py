"""Reads reports of complaints: RFC 5965, and the older formats of some providers."""

import re
from dataclasses import dataclass

from api.mail.reading.headers import Headers, addresses_in, read_headers
from api.mail.reading.parts import Part, ReceivedMail

COMPLAINTS = frozenset(
    {"abuse", "fraud", "virus", "other", "opt-out", "opt-out-list", "miscategorized", "complaint", "spam"}
)
"""Feedback-Types that say that the recipient does not want the email."""
PROVIDER_COMPLAINT = re.compile(r"^\W{0,5}complaint about message from\b", re.IGNORECASE)
"""Subject of Microsoft's Junk Mail Reporting Program, which has no feedback report."""
FIELDS = re.compile(r"^Feedback-Type[ \t]{0,5}:", re.IGNORECASE | re.MULTILINE)
USER_AGENT = re.compile(r"^User-Agent[ \t]{0,5}:", re.IGNORECASE | re.MULTILINE)
APPLE_UNSUBSCRIBE = "x-apple-unsubscribe"
"""Header of the mail that Apple Mail sends when a person clicks Unsubscribe."""
ORIGINAL_RECIPIENT = "x-hmxmroriginalrecipient"


@dataclass(frozen=True)
class Feedback:
    """A feedback report."""

    type: str
    recipients: tuple[str, ...]

    @property
    def is_complaint(self) -> bool:
        return self.type in COMPLAINTS


def read_feedback(mail: ReceivedMail, returned: tuple[Headers, ...]) -> Feedback | None:
    """Return the feedback report in a mail, or None if there is none."""
    for part in mail.parts:
        start = 0 if part.content_type == "message/feedback-report" else _start_of_fields(part)
        if start >= 0:
            fields, _ = read_headers(part.text[start:].lstrip("\n").encode("utf-8", "replace"), 0)
            kind = fields.get("feedback-type").strip().lower()[:40]
            return Feedback(kind or "abuse", _recipients(fields, returned))
    if mail.headers.parameters.get("report-type", "").lower() == "feedback-report":
        return Feedback("abuse", _recipients(Headers([]), returned))
    if APPLE_UNSUBSCRIBE in mail.headers:
        return Feedback("opt-out", mail.headers.addresses("from"))
    provider = [header for header in returned if ORIGINAL_RECIPIENT in header]
    if provider or (returned and PROVIDER_COMPLAINT.match(mail.headers.text("subject"))):
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
