"""Finds failed recipients in the text of a bounce that has no delivery report, and the words about each of them."""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from api.mail.address import address_key
from api.mail.reading.headers import Headers, addresses_in

MAX_LINES = 400
MAX_LINE_CHARACTERS = 1_000
MAX_RECIPIENTS = 100
MAX_ADDRESSES = 20
"""Addresses that are read in a line."""
ALL_CHARACTERS = 20_000
"""Characters that are judged of the texts about all recipients together."""
NOT_RECIPIENTS = re.compile(
    r"^(?:mailer-daemon|postmaster|abuse|support|help|helpdesk|hostmaster|webmaster|info-?spam|noreply|no-reply)@", re.I
)
ABOUT_SENDER = re.compile(
    r"\b(?:from|sender|reply-to|return-path|contact|message-id|e?mail from|mail from"
    r"|envelope-from)\b\s{0,3}[:=<(]|\bcontact\b|https?://|mailto:",
    re.I,
)
MAIL_FROM = re.compile(r"\bmail from\s?:|^\s{0,10}from:\s?<", re.I)
SUMMARY = re.compile(r"^[ \t]{0,10}(?:to|cc|subject|sent|date|from)\s?:", re.I)
"""A line of the summary of the email, such as "Subject: …" and "Sent: …" in the reports of Exchange."""
ENTRY = re.compile(
    r"^[\s>*•·-]{0,20}(?:<[^<>\s]+@|[^\s<>@:]+@[^\s<>@:]+(?:[\s:,;]|$)|\"?[^<>@\"]{0,60}\"?\s?<[^<>\s]+@"
    r"|(?:to|recipient|address|user|unknown user|mailbox|final-recipient|original recipient|recipient address"
    r"|undeliverable to"
    r"|failed recipient|could not be delivered to)\b[^@:]{0,30}:?\s?<?[^\s@]+@)",
    re.I,
)


REPLY = re.compile(r"(?:^|[\s:;(\"'=\[])[45]\d\d[ -]\S")
"""The reply of a server in a line. The addresses after it can be those to which that server forwards."""
FORWARDED_FROM = re.compile(r"\((?:generated|expanded|forwarded|redirected) from:?\s", re.I)
"""The words with which a server names the address that it received before the one that failed."""


def key(address: str) -> str:
    """Return the key of an address, which is the same for all its spellings."""
    return address_key(address[:320])


def recipients_in_text(text: str, returned: Sequence[Headers], own: Collection[str]) -> list[str]:
    """Return the recipients that a mail server names in its text.

    An address counts first if the returned email went to it, then if it begins a line, then anywhere. ``own`` are the
    keys of addresses that are not recipients, such as that of the sender.
    """
    sent_to = {
        key(address) for header in returned for address in header.addresses("to", "cc", "delivered-to", "x-original-to")
    }
    lines = _lines(text)
    return _recipients_in(_without_summary(lines), sent_to, own) or _recipients_in(lines, sent_to, own)


def _recipients_in(lines: list[str], sent_to: Collection[str], own: Collection[str]) -> list[str]:
    named, entries, others, replied = dict[str, str](), dict[str, str](), dict[str, str](), dict[str, str]()
    for line in lines:
        reply = REPLY.search(line)
        for address in _addresses(line):
            name = key(address)
            if name in own or NOT_RECIPIENTS.match(address) or MAIL_FROM.search(line):
                continue
            if name in sent_to:
                named.setdefault(name, address)
            if reply is not None and line.find(address) > reply.start():
                replied.setdefault(name, address)
            elif ENTRY.match(line):
                entries.setdefault(name, address)
            elif not ABOUT_SENDER.search(line):
                others.setdefault(name, address)
    found = {**named, **entries} if entries else named or others or replied
    return list(found.values())[:MAX_RECIPIENTS]


def received_as(text: str) -> dict[str, str]:
    """Return the addresses that a server received, by the key of the address to which it forwarded."""
    found, before = dict[str, str](), ""
    for line in _lines(text):
        words = FORWARDED_FROM.search(line)
        first = _addresses(line[: words.start()] if words else line)
        before = first[-1] if first else before
        if words and before and (received := _addresses(line[words.end() :])):
            found.setdefault(key(before), received[0])
        elif line.strip() and not first:
            before = ""
    return found


class FailureWords:
    """The text of a report, split into the words about each failed recipient."""

    def __init__(self, text: str, addresses: Collection[str]) -> None:
        self.text = text
        self.is_about_one = len(addresses) <= 1
        self.limit = ALL_CHARACTERS // max(1, len(addresses))
        """How many characters are judged for each recipient."""
        recipients = {key(address) for address in addresses}
        self._lines = [(line, recipients & {key(found) for found in _addresses(line)}) for line in _lines(text)]

    def about(self, address: str) -> str:
        """Return the lines about one recipient: each that names it, and those after it up to the next recipient.

        Without other recipients this is the text from the first line that names it. Without such a line it is the text.
        """
        name, kept, about, seen = key(address), list[str](), False, False
        for line, names in self._lines:
            if name in names:
                about = seen = True
            elif names:
                about = False
            if about:
                kept.append(line)
        return "\n".join(kept) if seen else self.text


def _without_summary(lines: list[str]) -> list[str]:
    """Leave out summaries of the email: two lines or more that follow each other. Its recipient may be another one."""
    kept = list[str]()
    for index, line in enumerate(lines):
        around = lines[max(0, index - 1) : index] + lines[index + 1 : index + 2]
        if not (SUMMARY.match(line) and any(map(SUMMARY.match, around))):
            kept.append(line)
    return kept


@lru_cache(maxsize=2 * MAX_LINES)
def _addresses(line: str) -> tuple[str, ...]:
    """Return the addresses in a line, at most MAX_ADDRESSES."""
    return tuple(addresses_in(line)[:MAX_ADDRESSES])


def _lines(text: str) -> list[str]:
    return [line[:MAX_LINE_CHARACTERS] for line in text.split("\n")[:MAX_LINES]]
