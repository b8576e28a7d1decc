"""Compose an email for one person: from its template or what a rep wrote, with earlier emails below a follow-up."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape

from api.mail.inline_limits import require_quick_size
from api.mail.message.body import Body, final_body, render_body
from api.mail.message.size import need_size
from api.mail.templates.liquid import render
from api.mail.templates.prompts import Prompted, left_in

_RE = re.compile(r"^\s*re\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Content:
    """What an email says. ``text`` None makes the text part from the HTML.

    A template, except where a part is final: a rep wrote it, and it is sent as they saw it.
    """

    subject: str
    html: str
    text: str | None
    final_subject: bool = False
    final_html: bool = False
    quoted: bool = False
    """Whether it is below a follow-up: then its field prompts are left out."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The email that a follow-up stands above. ``message_id`` and ``sent_at`` are None when it never left."""

    content: Content
    message_id: str | None
    sent_at: datetime | None
    earlier: "Earlier | None"


@dataclass(frozen=True, slots=True)
class Quote:
    """The earlier email that a follow-up appends, with its heading."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Composed:
    """An email, rendered for one person: its own body, and below it what a follow-up quotes."""

    subject: str
    body_html: str
    body_text: str
    quote: Quote | None = None
    prompts: tuple[str, ...] = ()
    """What the field prompts ask for that nobody has answered: the email must not leave with them."""

    @property
    def html(self) -> str:
        """The HTML part as it leaves."""
        return self.body_html if self.quote is None else f"{self.body_html}\n{self.quote.html}"

    @property
    def text(self) -> str:
        """The text part as it leaves."""
        return self.body_text if self.quote is None else f"{self.body_text.rstrip()}\n\n{self.quote.text}"


def compose(content: Content, fields: Mapping[str, str], now: datetime, follow_up_to: Earlier | None) -> Composed:
    """Compose an email; a follow-up appends the earlier campaign template, with its own earlier ones.

    ``now`` is the workspace's clock, in the zone in which the person's dates are meant. What is quoted has the dates
    of the moment when it was sent. Raises UnresolvedFieldError and TemplateProblem (EmailTooLargeProblem
    as soon as what is quoted has become too large).
    """
    if now.tzinfo is None:
        raise ValueError("now must know its zone")
    if follow_up_to is not None:
        require_quick_size(_characters(content, follow_up_to))
    subject, body = _subject(content, fields, now), _body(content, fields, now)
    text, left = body.text, (*subject.prompts, *body.prompts)
    if content.text is not None:
        own = render(content.text, fields, now, html=False, quoted=content.quoted)
        text, left = own.text, (*left, *own.prompts)
    if left:
        left = tuple(dict.fromkeys(left))
    said = subject.text.strip()
    if follow_up_to is None:
        return Composed(said, body.html, text, None, left)
    # Nobody can write in what is quoted: its prompts are left out, and stop nothing.
    quoted = replace(follow_up_to.content, quoted=True)
    sent_at = None if follow_up_to.sent_at is None else follow_up_to.sent_at.astimezone(now.tzinfo)
    below = compose(quoted, fields, sent_at or now, follow_up_to.earlier)
    need_size(below.html, below.text, body.html, text)
    quote = _quote(_heading(sent_at, fields), below)
    return Composed(said or _reply_subject(below.subject), body.html, text, quote, left)


def _characters(content: Content, earlier: Earlier | None) -> int:
    """Return the size of an email's parts and of all that it quotes, which is written again at each depth."""
    size = total = len(content.subject) + len(content.html) + len(content.text or "")
    while earlier is not None:
        size += len(earlier.content.html) + len(earlier.content.text or "")
        total += size
        earlier = earlier.earlier
    return total


def _subject(content: Content, fields: Mapping[str, str], now: datetime) -> Prompted:
    if content.final_subject:
        return Prompted(content.subject, left_in(content.subject, fields.values(), html=False))
    return render(content.subject, fields, now, html=False, quoted=content.quoted)


def _body(content: Content, fields: Mapping[str, str], now: datetime) -> Body:
    if content.final_html:
        return final_body(content.html, left_in(content.html, fields.values(), html=True))
    return render_body(content.html, fields, now, quoted=content.quoted)


def _reply_subject(subject: str) -> str:
    return subject if _RE.match(subject) else f"Re: {subject}"


def _quote(heading: str, below: Composed) -> Quote:
    return Quote(
        f"<p>{escape(heading)}</p>\n<blockquote>\n{below.html}\n</blockquote>\n",
        f"{heading}\n{_quoted(below.text)}\n",
    )


def _heading(sent_at: datetime | None, fields: Mapping[str, str]) -> str:
    who = fields.get("sender_name") or fields.get("sender_email") or "I"
    if sent_at is None:
        return f"{who} wrote:"
    return f"On {sent_at:%Y-%m-%d} {who} wrote:"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.rstrip().splitlines())
