"""Compose an email from its template, with earlier emails below a follow-up, and build the bytes that leave."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from api.mail.clean import header_problem, text_from_html
from api.mail.render import TemplateProblem, render

_RE = re.compile(r"^\s*re\s*:", re.IGNORECASE)
# Headers that fold differently would change what spam filters and threads see; 8-bit bodies need servers to agree.
_POLICY = SMTP.clone(cte_type="7bit")


class MessageProblem(Exception):  # noqa: N818 - told to the user as it is
    """An email that cannot be built, and why."""


@dataclass(frozen=True, slots=True)
class Content:
    """A campaign template. ``text`` None makes the text part from the HTML."""

    subject: str
    html: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Earlier:
    """The email that a follow-up stands above. ``message_id`` and ``sent_at`` are None when it never left."""

    content: Content
    message_id: str | None
    sent_at: datetime | None
    earlier: "Earlier | None"


@dataclass(frozen=True, slots=True)
class Composed:
    """An email, rendered for one person."""

    subject: str
    html: str
    text: str


def compose(content: Content, fields: Mapping[str, str], follow_up_to: Earlier | None) -> Composed:
    """Render an email; below a follow-up stands the earlier campaign template, with its own earlier ones.

    Raises UnresolvedFieldError and TemplateProblem.
    """
    subject = render(content.subject, fields, html=False).strip()
    html = render(content.html, fields, html=True)
    try:
        text_source = content.text if content.text is not None else text_from_html(content.html)
    except RecursionError:
        raise TemplateProblem("The template cannot be used: its HTML is nested too deeply.") from None
    text = render(text_source, fields, html=False)
    if follow_up_to is None:
        return Composed(subject, html, text)
    below = compose(follow_up_to.content, fields, follow_up_to.earlier)
    heading = _heading(follow_up_to, fields)
    return Composed(
        subject or _reply_subject(below.subject),
        f"{html}\n<p>{escape(heading)}</p>\n<blockquote>\n{below.html}\n</blockquote>\n",
        f"{text.rstrip()}\n\n{heading}\n{_quoted(below.text)}\n",
    )


def _reply_subject(subject: str) -> str:
    return subject if _RE.match(subject) else f"Re: {subject}"


def _heading(earlier: Earlier, fields: Mapping[str, str]) -> str:
    who = fields.get("sender_name") or fields.get("sender_email") or "I"
    if earlier.sent_at is None:
        return f"{who} wrote:"
    return f"On {earlier.sent_at:%Y-%m-%d} {who} wrote:"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.rstrip().splitlines())


def message_id(send_id: str, sender_address: str) -> str:
    """Return the Message-ID of a send: the same at every attempt."""
    domain = sender_address.rpartition("@")[2].encode("idna").decode("ascii")
    return f"<{send_id}@{domain}>"


def build(
    *,
    send_id: str,
    composed: Composed,
    sender_name: str,
    sender_address: str,
    to_name: str,
    to_address: str,
    date: datetime,
    earlier: Earlier | None,
    unsubscribe_url: str | None,
) -> bytes:
    """Return the email as RFC 5322 bytes with CRLF: text and HTML, threaded below the emails that really left.

    Raises MessageProblem.
    """
    # The subject is rendered from a person's fields, so it is checked here and not only when it was written.
    for name, value in (("subject", composed.subject), ("name", to_name), ("sender", sender_name)):
        if problem := header_problem(value):
            raise MessageProblem(f"The {name} cannot stand in an email: {problem}")
    message = EmailMessage(policy=_POLICY)
    try:
        message["From"] = _address(sender_name, sender_address)
        message["To"] = _address(to_name, to_address)
        message["Subject"] = composed.subject
        message["Date"] = format_datetime(date)
        message["Message-ID"] = message_id(send_id, sender_address)
        chain = _chain(earlier)
        if chain:
            message["In-Reply-To"] = chain[-1]
            message["References"] = " ".join(chain)
        text, html = composed.text, composed.html
        if unsubscribe_url is None:
            message["List-Unsubscribe"] = f"<mailto:{sender_address}?subject=unsubscribe>"
        else:
            message["List-Unsubscribe"] = f"<{unsubscribe_url}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
            text = f"{text.rstrip()}\n\n-- \nUnsubscribe: {unsubscribe_url}\n"
            html = f'{html}\n<p style="font-size: small"><a href="{escape(unsubscribe_url)}">Unsubscribe</a></p>\n'
        message.set_content(text, cte="quoted-printable")
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        return message.as_bytes()
    except (ValueError, UnicodeError, MessageError, LookupError, TypeError, AttributeError) as problem:
        raise MessageProblem(f"This email cannot be built: {problem}") from problem


def _address(name: str, address: str) -> Address:
    return Address(display_name=name, addr_spec=address)


def _chain(earlier: Earlier | None) -> list[str]:
    """Return the Message-IDs of the thread, the oldest first, without emails that never left."""
    if earlier is None:
        return []
    return [*_chain(earlier.earlier), *([earlier.message_id] if earlier.message_id else [])]
