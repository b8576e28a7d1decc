"""Builds the bytes of an email."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from html import escape
from urllib.parse import quote

from api.mail.message import wire
from api.mail.message.compose import ComposedEmail, EarlierEmail
from api.mail.message.size import MAX_EMAIL_BYTES, check_size, too_large_problem
from api.mail.message.unsubscribe_line import unsubscribe_line as make_line


class MessageProblem(Exception):  # noqa: N818 - the user reads it
    """An email cannot be built. The message is one sentence with the reason."""


@lru_cache(maxsize=64)
def _format_date(date: datetime) -> str:
    """Format a date. Cached, because the emails of one claim have the same. RFC 5322 offsets are whole minutes."""
    if date.tzinfo is None:
        raise ValueError("The date of an email needs a time zone.")
    offset = date.utcoffset() or timedelta()
    return format_datetime(date.astimezone(UTC) if offset % timedelta(minutes=1) else date)


@lru_cache(maxsize=512)
def _unsubscribe_mailto(sender_address: str) -> str:
    """Return the link that unsubscribes by an email to the sender."""
    return wire.bracketed_url(f"mailto:{quote(wire.addr_spec(sender_address), safe='@')}?subject=unsubscribe")


@lru_cache(maxsize=512)
def _domain_of(sender_address: str) -> str:
    """Return the domain of a sender's address in ASCII."""
    return wire.addr_spec(sender_address).rpartition("@")[2]


def message_id(send_id: str, sender_address: str) -> str:
    """Return the Message-ID of an email, which is the same for every attempt: ``<send_id@sender's domain>``."""
    return f"<{send_id}@{_domain_of(sender_address)}>"


def build_message(
    *,
    send_id: str,
    message_id: str,
    composed: ComposedEmail,
    sender_name: str,
    sender_address: str,
    to_name: str,
    to_address: str,
    date: datetime,
    earlier: EarlierEmail | None,
    unsubscribe_url: str | None,
    unsubscribe_mailto: str | None = None,
    unsubscribe_line: str | None = None,
    transactional: bool = False,
    pixel_url: str | None = None,
    cc: Sequence[str] = (),
) -> bytes:
    """Return an email as RFC 5322 bytes with CRLF, with a text and an HTML part.

    A follow-up refers to the earlier emails that were sent. ``date`` needs a time zone. ``unsubscribe_mailto`` is a
    ``mailto:`` link whose mailbox is read. Without it and ``unsubscribe_url``, people unsubscribe by an email to the
    sender. ``unsubscribe_line`` is the HTML of the workspace's own unsubscribe line; None for the default line. A
    part that contains the link gets no line. A ``transactional`` email gets no line and no header to unsubscribe. With
    ``pixel_url``, the HTML part ends with an image that nobody sees. ``cc`` are the addresses in Cc.
    Raises MessageProblem and EmailTooLargeProblem.
    """
    text, html = composed.text, composed.html
    check_size(text, html)
    try:
        headers = [
            ("From", wire.sender_mailbox(sender_name, sender_address)),
            ("To", wire.mailbox(to_name, to_address)),
            # It contains the person's fields, so it is checked here again, and not only when the template is saved.
            ("Subject", wire.unstructured("Subject", composed.subject)),
            ("Date", _format_date(date)),
            ("Message-ID", message_id),
        ]
        if cc:
            headers.insert(2, ("Cc", wire.addresses(cc)))
        if thread := _thread_message_ids(earlier):
            headers += [("In-Reply-To", wire.message_ids(thread[-1:])), ("References", wire.message_ids(thread))]
        if not transactional:
            headers.append(("List-Unsubscribe", _list_unsubscribe(sender_address, unsubscribe_url, unsubscribe_mailto)))
            if unsubscribe_url is not None:
                headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
            link = unsubscribe_mailto if unsubscribe_url is None else unsubscribe_url
            if link is not None:
                line, escaped_link = make_line(unsubscribe_line), escape(link)
                if link not in composed.body_text:
                    text = f"{text.rstrip()}\n\n-- \n{link.join(line.text)}\n".lstrip("\n")
                if escaped_link not in composed.body_html:
                    html = f"{html}\n{escaped_link.join(line.html)}\n"
        if pixel_url is not None:
            html = f'{html}\n<img src="{escape(pixel_url)}" width="1" height="1" alt="">\n'
        message = wire.assemble(headers, text, html, send_id)
    except wire.UnencodableError as problem:
        raise MessageProblem(str(problem)) from problem
    if len(message) > MAX_EMAIL_BYTES:
        raise too_large_problem()
    return message


def _list_unsubscribe(sender_address: str, url: str | None, mailto: str | None) -> str:
    """Return the value of List-Unsubscribe (RFC 2369, RFC 8058): the link of the page, a ``mailto:`` link or both."""
    if url is None:
        return _unsubscribe_mailto(sender_address) if mailto is None else wire.bracketed_url(mailto)
    page = wire.bracketed_url(url)
    return page if mailto is None else f"{page},\r\n {wire.bracketed_url(mailto)}"


def _thread_message_ids(earlier: EarlierEmail | None) -> list[str]:
    """Return the Message-IDs of the earlier emails that were sent, oldest first."""
    if earlier is None:
        return []
    own = [earlier.message_id] if earlier.message_id else []
    return [*_thread_message_ids(earlier.earlier), *earlier.thread, *own]
