"""Links that open a prefilled email in Gmail, Outlook on the web, or the default email client."""

from dataclasses import dataclass
from urllib.parse import quote

MAX_LINK_LENGTH = 2_000
"""Longest link, in characters. Browsers and webmail truncate longer links."""


@dataclass(frozen=True, slots=True)
class ComposeLinks:
    """The three links."""

    gmail: str
    outlook: str
    mailto: str
    body_left_out: bool
    """Whether the links have no body, because one of them would be longer than MAX_LINK_LENGTH."""


def compose_links(to: str, subject: str, body: str, bcc: str | None = None) -> ComposeLinks:
    """Return the links. If one would be too long, all are without the body."""
    complete = _links(to, subject, body[: MAX_LINK_LENGTH + 1], bcc)
    if len(body) <= MAX_LINK_LENGTH and max(map(len, complete)) <= MAX_LINK_LENGTH:
        return ComposeLinks(*complete, body_left_out=False)
    return ComposeLinks(*_links(to, subject, "", bcc), body_left_out=True)


def _links(to: str, subject: str, body: str, bcc: str | None) -> tuple[str, str, str]:
    address, encoded_subject = quote(to, safe="@"), quote(subject, safe="")
    encoded_body = quote(body.replace("\r\n", "\n").replace("\n", "\r\n"), safe="")
    outlook_to = address.replace("%2B", "+")
    copy = "" if bcc is None else f"&bcc={quote(bcc, safe='@')}"
    # Outlook decodes %2B in addresses as a space, and an unencoded plus as a plus.
    outlook_copy = copy.replace("%2B", "+")
    body_parameter = f"&body={encoded_body}" if encoded_body else ""
    return (
        f"https://mail.google.com/mail/?view=cm&fs=1&to={address}&su={encoded_subject}{copy}{body_parameter}",
        f"https://outlook.office.com/mail/deeplink/compose?to={outlook_to}&subject={encoded_subject}{outlook_copy}{body_parameter}",
        f"mailto:{address}?subject={encoded_subject}{copy}{body_parameter}",
    )
