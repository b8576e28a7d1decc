"""Finds the returned email in a bounce or complaint: as a part of its own, or quoted in the text."""

from dataclasses import dataclass

from api.mail.reading.headers import NAME, Headers, read_headers
from api.mail.reading.parts import Part, ReceivedMail
from api.mail.reading.phrases import is_daemon

RETURNED_TYPES = frozenset(
    {
        "message/rfc822",
        "message/global",
        "message/partial",
        "message/rfc822-headers",
        "message/global-headers",
        "text/rfc822-headers",
        "text/rfc822-header",
        "text/rfc822",
    }
)
TRACE_FIELDS = frozenset(
    {"received", "message-id", "return-path", "dkim-signature", "x-mailer", "mime-version", "x-received"}
)
"""Fields of a header as it is transmitted. Summaries of a mail, such as "Subject: … Sent: …", do not have them."""
QUOTED_FIELDS = TRACE_FIELDS | {
    "from",
    "to",
    "subject",
    "date",
    "cc",
    "reply-to",
    "sender",
    "content-type",
    "delivered-to",
}
MIN_FIELDS = 3
MAX_LINES = 5_000
"""Lines of a text in which a returned header is searched."""


@dataclass(frozen=True)
class Report:
    """What a mail server wrote, and the headers of the emails that it returned."""

    text: str
    returned: tuple[Headers, ...]
    whole: str = ""
    """The text with the emails that it quotes."""
    inner: str = ""
    """A bounce of another mail server that this one quotes in its text. Empty without one."""


def read_report(mail: ReceivedMail) -> Report:
    """Separate the text of a mail from the emails that it returns."""
    texts, returned, inner = list[str](), list[Headers](), ""
    for part in mail.parts:
        if part.content_type in RETURNED_TYPES:
            returned.append(_header_of(part))
        elif is_text(part):
            text, quoted, quoted_mail = split_quoted_header(part.plain_text)
            if quoted and not inner and is_daemon(quoted):
                inner = quoted_mail
            if text.strip() and not (returned and part.content_type == "text/html"):
                texts.append(text)
            if quoted:
                returned.append(quoted)
    whole = "\n".join(part.plain_text for part in mail.parts if is_text(part))
    return Report("\n".join(texts), tuple(header for header in returned if header), whole, inner)


def is_text(part: Part) -> bool:
    """Return whether a part is shown as text, such as a multipart without a readable boundary."""
    return part.content_type.startswith(("text/", "multipart/")) and not part.is_attachment


def _header_of(part: Part) -> Headers:
    return read_headers(part.text.lstrip("\n").encode("utf-8", "replace"), 0)[0]


def split_quoted_header(text: str) -> tuple[str, Headers | None, str]:
    """Return the text around the header of a returned email, this header, and the text from the header on.

    A header that is indented, with other lines after it, is a summary inside the report. Any other one begins the
    returned email, which is not part of the report.
    """
    lines = text.split("\n")[:MAX_LINES]
    index = 0
    while index < len(lines):
        if not _is_field(lines[index]):
            index += 1
            continue
        end = _end_of_block(lines, index)
        headers = read_headers("\n".join(_unindented(lines[index:end])).encode("utf-8", "replace"), 0)[0]
        names = {name for name, _ in headers.fields}
        if len(names & QUOTED_FIELDS) >= MIN_FIELDS and names & TRACE_FIELDS:
            rest = next((line for line in lines[end:] if line.strip()), "")
            is_summary = lines[index][0] in " \t" and rest[:1] not in ("", " ", "\t")
            kept = lines[:index] + (lines[end:] if is_summary else [])
            return "\n".join(kept), headers, "" if is_summary else "\n".join(lines[index:])
        index = end
    return text, None, ""


def _is_field(line: str) -> bool:
    found = NAME.match(line.lstrip(" \t>|")[:200])
    return found is not None and found[0][:-1].strip().lower() in QUOTED_FIELDS


def _end_of_block(lines: list[str], start: int) -> int:
    """Return the index after the last line of a block of fields."""
    end = start + 1
    while end < len(lines) and lines[end].strip() and (lines[end][0] in " \t>|" or NAME.match(lines[end])):
        end += 1
    return end


def _unindented(lines: list[str]) -> list[str]:
    """Return lines without the indentation or the quote marks that the first of them has."""
    indent = lines[0][: len(lines[0]) - len(lines[0].lstrip(" \t>|"))]
    return [line.removeprefix(indent) for line in lines]
