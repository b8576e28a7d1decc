"""Links that open an email in Gmail, in Outlook on the web, or in the machine's mail program."""

from dataclasses import dataclass
from urllib.parse import quote

MAX_LINK_LENGTH = 2_000
"""Characters; browsers and mail services cut longer links."""


@dataclass(frozen=True, slots=True)
class ComposeLinks:
    """The three links, and whether the body was too long for them."""

    gmail: str
    outlook: str
    mailto: str
    body_left_out: bool


def compose_links(to: str, subject: str, body: str) -> ComposeLinks:
    """Return the links. When one would be too long, all leave out the body."""
    whole = _links(to, subject, body[: MAX_LINK_LENGTH + 1])
    if len(body) <= MAX_LINK_LENGTH and max(map(len, whole)) <= MAX_LINK_LENGTH:
        return ComposeLinks(*whole, body_left_out=False)
    return ComposeLinks(*_links(to, subject, ""), body_left_out=True)


def _links(to: str, subject: str, body: str) -> tuple[str, str, str]:
    address, about = quote(to, safe="@"), quote(subject, safe="")
    text = quote(body.replace("\r\n", "\n").replace("\n", "\r\n"), safe="")
    # Outlook reads %2B in "to" as a space, and a bare plus as a plus.
    outlook_to = address.replace("%2B", "+")
    said = f"&body={text}" if text else ""
    return (
        f"https://mail.google.com/mail/?view=cm&fs=1&to={address}&su={about}{said}",
        f"https://outlook.office.com/mail/deeplink/compose?to={outlook_to}&subject={about}{said}",
        f"mailto:{address}?subject={about}{said}",
    )
