"""Build the bytes of an email that leaves."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from html import escape
from urllib.parse import quote

from api.mail.message import wire
from api.mail.message.compose import Composed, Earlier
from api.mail.message.size import MAX_EMAIL_BYTES, need_size, too_large


class MessageProblem(Exception):  # noqa: N818 - told to the user as it is
    """An email that cannot be built, and why."""


@lru_cache(maxsize=64)
def _date(date: datetime) -> str:
    """Write a date; the emails of one claim share it. RFC 5322 knows offsets of whole minutes only."""
    if date.tzinfo is None:
        raise ValueError("The date of an email needs a time zone.")
    offset = date.utcoffset() or timedelta()
    return format_datetime(date.astimezone(UTC) if offset % timedelta(minutes=1) else date)


@lru_cache(maxsize=512)
def _mailto(sender_address: str) -> str:
    """Return the link by which a person who wants no more writes to the sender."""
    return wire.url(f"mailto:{quote(wire.addr_spec(sender_address), safe='@')}?subject=unsubscribe")


def message_id(send_id: str, sender_address: str) -> str:
    """Return the Message-ID of a send: the same at every attempt."""
    return f"<{send_id}@{wire.addr_spec(sender_address).rpartition('@')[2]}>"


def build(
    *,
    send_id: str,
    message_id: str,
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

    Raises MessageProblem and EmailTooLargeProblem.
    """
    text, html = composed.text, composed.html
    need_size(text, html)
    try:
        headers = [
            ("From", wire.mailbox(sender_name, sender_address)),
            ("To", wire.mailbox(to_name, to_address)),
            # Rendered from a person's fields, so it is checked here and not only when it was written.
            ("Subject", wire.unstructured("Subject", composed.subject)),
            ("Date", _date(date)),
            ("Message-ID", message_id),
        ]
        if chain := _chain(earlier):
            headers += [("In-Reply-To", wire.ids(chain[-1:])), ("References", wire.ids(chain))]
        if unsubscribe_url is None:
            headers.append(("List-Unsubscribe", _mailto(sender_address)))
        else:
            headers.append(("List-Unsubscribe", wire.url(unsubscribe_url)))
            headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
            text = f"{text.rstrip()}\n\n-- \nUnsubscribe: {unsubscribe_url}\n".lstrip("\n")
            html = f'{html}\n<p style="font-size: small"><a href="{escape(unsubscribe_url)}">Unsubscribe</a></p>\n'
        message = wire.assemble(headers, text, html, send_id)
    except wire.UnencodableError as problem:
        raise MessageProblem(str(problem)) from problem
    if len(message) > MAX_EMAIL_BYTES:
        raise too_large()
    return message


def _chain(earlier: Earlier | None) -> list[str]:
    """Return the Message-IDs of the thread, the oldest first, without emails that never left."""
    if earlier is None:
        return []
    return [*_chain(earlier.earlier), *([earlier.message_id] if earlier.message_id else [])]
