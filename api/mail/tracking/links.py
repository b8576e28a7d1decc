"""Finds the links of an email that may be tracked, in sanitized HTML, and replaces their targets.

Only the values of ``href`` change. A link keeps its target if a redirect could break it or look like a forgery:

- it is not a web link (``mailto:``, ``tel:``, a link within the email),
- it unsubscribes: it is one of our own unsubscribe links, or its URL contains "unsubscribe",
- its visible text is a URL or a host name, because phishing filters report a text that differs from the target,
- its author gave it the class ``no-tracking``,
- its URL is too long, or has a user name, a backslash or a control character, or a host that IDNA rejects.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from api.mail.references import decode_references
from api.mail.tracking.signed_urls import EmailTracking, encode_target
from api.mail.tracking.targets import redirect_target

NO_TRACKING_CLASS = "no-tracking"
MAX_SHOWN_URL = 2_000
"""Longest visible text of a link that may be a URL, in characters."""
_LINK = re.compile(r"<a((?:\s[^>\"]*+(?:\"[^\"]*+\"[^>\"]*+)*+)?)>")
"""A link's start tag. The sanitizer writes all values in double quotes."""
_END = "</a>"
_HREF = re.compile(r"\shref=\"([^\"]*+)\"")
_CLASS = re.compile(r"\sclass=\"([^\"]*+)\"")
_TAG = re.compile(r"<(?:[^>\"]|\"[^\"]*+\")*+>")
_SHOWN_URL = re.compile(
    r"(?:https?://|www\.)\S+|[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}(?::[0-9]+)?(?:[/?#]\S*)?", re.IGNORECASE
)
"""A text that is a URL, or a host name with or without a path."""
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


class Link(NamedTuple):
    """A link that may be tracked."""

    start: int
    end: int
    """Where the value of ``href`` starts and ends in the HTML."""
    target: str
    """Its encoded target, for the tracked URL."""
    text: str
    """What it contains, in HTML."""


def find_links(html: str, unsubscribe_prefix: str) -> Iterator[Link]:
    """Yield the links of sanitized HTML that may be tracked. Takes linear time.

    ``unsubscribe_prefix`` is how our own unsubscribe links begin; "" if there are none.
    """
    for match in _LINK.finditer(html):
        href = _HREF.search(match[1])
        if href is None:
            continue
        url = decode_references(href[1]).strip()
        if not _may_track(url, match[1], unsubscribe_prefix) or (target := encode_target(url)) is None:
            continue
        end = html.find(_END, match.end())
        text = html[match.end() : end if end >= 0 else len(html)]
        if not _shows_url(text):
            yield Link(match.start(1) + href.start(1), match.start(1) + href.end(1), target, text)


def rewrite_links(html: str, tracking: EmailTracking) -> str:
    """Return sanitized HTML in which the links that may be tracked lead to the tracking server."""
    parts: list[str] = []
    position = 0
    for link in find_links(html, tracking.links.unsubscribe_prefix):
        parts += (html[position : link.start], tracking.click_url(link.target))
        position = link.end
    return "".join((*parts, html[position:]))


def _may_track(url: str, attributes: str, unsubscribe_prefix: str) -> bool:
    if redirect_target(url) is None or "unsubscribe" in url.lower():
        return False
    if unsubscribe_prefix and url.startswith(unsubscribe_prefix):
        return False
    classes = _CLASS.search(attributes)
    return classes is None or NO_TRACKING_CLASS not in classes[1].split()


def _shows_url(html: str) -> bool:
    """Say whether the visible text of a link is a URL or a host name."""
    text = decode_references(_TAG.sub("", html)) if "<" in html else decode_references(html)
    return bool(len(text) <= MAX_SHOWN_URL and _SHOWN_URL.fullmatch(_INVISIBLE.sub("", text).strip()))
