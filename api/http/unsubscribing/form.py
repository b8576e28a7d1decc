"""Read the forms of the unsubscribe page, and the one-click requests of mail programs (RFC 8058)."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request

from api.http.unsubscribing.page_html import UNSUBSCRIBE
from api.services.people.recipient_choices import MAX_COMMENT_CHARACTERS
from api.states import UnsubscribeReason

MAX_FORM_BYTES = 20_000
"""Largest form, in bytes. A comment of the longest length takes up to 6,000 in a form."""
MAX_FIELDS = 20
_ONE_CLICK = b"List-Unsubscribe"


class FormTooLargeError(Exception):
    """The body of a request has more than MAX_FORM_BYTES, or the comment has more than MAX_COMMENT_CHARACTERS."""


@dataclass(frozen=True, slots=True)
class Form:
    """The action that a POST requests."""

    action: str
    """One of the actions of the page. A request without one asks to unsubscribe."""
    one_click: bool
    """Whether a mail program sent it, and not the page."""
    token: str
    reason: UnsubscribeReason | None
    comment: str


async def read_form(request: Request) -> Form:
    """Read the body of a POST. Invalid bytes become U+FFFD. Raises FormTooLargeError."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise FormTooLargeError
    fields: dict[str, str] = {}
    if not request.headers.get("content-type", "").lower().startswith("multipart/"):
        try:
            fields = dict(parse_qsl(body.decode("utf-8", "replace"), errors="replace", max_num_fields=MAX_FIELDS))
        except ValueError:
            fields = {}
    reason = fields.get("reason", "")
    comment = fields.get("comment", "").replace("\r\n", "\n")
    if len(comment) > MAX_COMMENT_CHARACTERS:
        raise FormTooLargeError
    return Form(
        fields.get("action", UNSUBSCRIBE),
        "action" not in fields and _ONE_CLICK in body,
        fields.get("token", ""),
        UnsubscribeReason(reason) if reason in set(UnsubscribeReason) else None,
        comment,
    )
