"""Composes an email for one person, from its template or from a rep's text. A follow-up quotes the earlier emails."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape

from api.mail.inline_limits import require_quick_size
from api.mail.message.body import Body, finish_final_body, render_body
from api.mail.message.size import check_size
from api.mail.templates.liquid import render
from api.mail.templates.prompts import RenderedText, find_remaining_prompts
from api.mail.tracking.signed_urls import EmailTracking
from api.mail.unsubscribing.own_links import UNSUBSCRIBE_FIELD, with_own_link

_REPLY_PREFIX = re.compile(r"^\s*re\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class EmailContent:
    """The templates of an email, or the texts that a rep wrote in their place."""

    subject: str
    html: str
    text: str | None
    """None if the text part is made from the HTML."""
    final_subject: bool = False
    """Whether a rep wrote the subject. It is sent unchanged, not rendered."""
    final_html: bool = False
    """Whether a rep wrote the HTML. It is sent unchanged, not rendered."""
    quoted: bool = False
    """Whether a follow-up quotes this email. Its field prompts are removed then."""


@dataclass(frozen=True, slots=True)
class EarlierEmail:
    """An email that a follow-up quotes. ``message_id`` and ``sent_at`` are None if it was not sent."""

    content: EmailContent
    message_id: str | None
    sent_at: datetime | None
    earlier: "EarlierEmail | None"
    """The email that this one quotes, if it is a follow-up as well."""
    thread: Sequence[str] = ()
    """The Message-IDs of the emails before it in the thread, if ``earlier`` does not have them."""
    author: str = ""
    """Name of its sender, if that is another one than the sender of the follow-up."""


@dataclass(frozen=True, slots=True)
class Quote:
    """An earlier email as a follow-up quotes it, with a heading."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class ComposedEmail:
    """An email, rendered for one person: its own body, and below it the quote of a follow-up."""

    subject: str
    body_html: str
    body_text: str
    quote: Quote | None = None
    prompts: tuple[str, ...] = ()
    """The labels of field prompts that nobody has replaced. The email must not be sent with them."""

    @property
    def html(self) -> str:
        """The whole HTML part, quote included."""
        return self.body_html if self.quote is None else f"{self.body_html}\n{self.quote.html}"

    @property
    def text(self) -> str:
        """The whole text part, quote included."""
        return self.body_text if self.quote is None else f"{self.body_text.rstrip()}\n\n{self.quote.text}"


def compose(
    content: EmailContent,
    fields: Mapping[str, str],
    now: datetime,
    follow_up_to: EarlierEmail | None,
    tracking: EmailTracking | None = None,
) -> ComposedEmail:
    """Compose an email for one person. A follow-up quotes the earlier email, with the emails that it quotes itself.

    ``now`` is the workspace's time in the person's zone. A quoted email is rendered with the time when it was sent.
    ``tracking`` says how links are tracked, quoted ones included: a click counts for the email that was clicked in.
    Raises UnresolvedFieldError and TemplateProblem, and ValueError if ``now`` has no zone.
    """
    if now.tzinfo is None:
        raise ValueError("now must have a time zone")
    if follow_up_to is not None:
        require_quick_size(_thread_length(content, follow_up_to))
    subject, body = _render_subject(content, fields, now), _render_body(content, fields, now, tracking)
    text, prompts = body.text, (*subject.prompts, *body.prompts)
    if content.text is not None:
        text_part = render(content.text, fields, now, html=False, quoted=content.quoted)
        text, prompts = text_part.text, (*prompts, *text_part.prompts)
    if prompts:
        prompts = tuple(dict.fromkeys(prompts))
    subject_text = subject.text.strip()
    if follow_up_to is None:
        return ComposedEmail(subject_text, body.html, text, None, prompts)
    # Nobody can edit a quoted email, so its field prompts are removed and do not stop the follow-up.
    quoted = replace(follow_up_to.content, quoted=True)
    sent_at = None if follow_up_to.sent_at is None else follow_up_to.sent_at.astimezone(now.tzinfo)
    earlier_email = compose(quoted, fields, sent_at or now, follow_up_to.earlier, tracking)
    check_size(earlier_email.html, earlier_email.text, body.html, text)
    quote = _quote(_quote_heading(sent_at, follow_up_to.author, fields), earlier_email)
    return ComposedEmail(subject_text or reply_subject(earlier_email.subject), body.html, text, quote, prompts)


def _thread_length(content: EmailContent, earlier: EarlierEmail | None) -> int:
    """Return the work of composing a thread, in characters: quoted emails are processed again at each depth."""
    size = total = len(content.subject) + len(content.html) + len(content.text or "")
    while earlier is not None:
        size += len(earlier.content.html) + len(earlier.content.text or "")
        total += size
        earlier = earlier.earlier
    return total


def _render_subject(content: EmailContent, fields: Mapping[str, str], now: datetime) -> RenderedText:
    if content.final_subject:
        return RenderedText(content.subject, find_remaining_prompts(content.subject, fields.values(), html=False))
    return render(content.subject, fields, now, html=False, quoted=content.quoted)


def _render_body(
    content: EmailContent, fields: Mapping[str, str], now: datetime, tracking: EmailTracking | None
) -> Body:
    if content.final_html:
        html = with_own_link(content.html, fields.get(UNSUBSCRIBE_FIELD, ""))
        return finish_final_body(html, find_remaining_prompts(html, fields.values(), html=True), tracking)
    return render_body(content.html, fields, now, quoted=content.quoted, tracking=tracking)


def reply_subject(subject: str) -> str:
    """Return the subject of a reply, with one "Re: "."""
    return subject if _REPLY_PREFIX.match(subject) else f"Re: {subject}"


def _quote(heading: str, email: ComposedEmail) -> Quote:
    return Quote(
        f"<p>{escape(heading)}</p>\n<blockquote>\n{email.html}\n</blockquote>\n",
        f"{heading}\n{_quote_lines(email.text)}\n",
    )


def _quote_heading(sent_at: datetime | None, author: str, fields: Mapping[str, str]) -> str:
    author = author or fields.get("sender_name") or fields.get("sender_email") or "I"
    if sent_at is None:
        return f"{author} wrote:"
    return f"On {sent_at:%Y-%m-%d} {author} wrote:"


def _quote_lines(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.rstrip().splitlines())
