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
from html import escape
from typing import NamedTuple

from api.mail.references import decode_references
from api.mail.tracking.signed_urls import EmailTracking, TrackingLinks, clicked_target, decode_target, encode_target
from api.mail.tracking.targets import redirect_target

NO_TRACKING_CLASS = "no-tracking"
MAX_SHOWN_URL = 2_000
"""Longest visible text of a link that may be a URL, in characters."""
_LINK = re.compile(r"<a((?:\s[^>\"]*+(?:\"[^\"]*+\"[^>\"]*+)*+)?)>")
"""A link's start tag. The sanitizer writes all values in double quotes."""
_END = "</a>"
_HREF = re.compile(r"\shref=\"([^\"]*+)\"")
_CLASS = re.compile(r"\sclass=\"([^\"]*+)\"")
_PIXEL = r"<img(?:\s[^>\"]*+(?:\"(?!{base}/open/)[^\"]*+\"[^>\"]*+)*+)\"{base}/open/[^\"]*+\"(?:[^>\"]|\"[^\"]*+\")*+>"
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
    """Its content, in HTML."""
    pasted: bool
    """Whether it is a tracked link of another email."""


def find_links(html: str, tracking: TrackingLinks) -> Iterator[Link]:
    """Yield the links of sanitized HTML that may be tracked. Takes linear time.

    A tracked link of another email, which a rep may have pasted, is found with its target, so that the click counts for
    the present email.
    """
    for match in _LINK.finditer(html):
        href = _HREF.search(match[1])
        if href is None:
            continue
        url = decode_references(href[1]).strip()
        if not _may_track(url, match[1], tracking) or (target := _target(url, tracking)) is None:
            continue
        end = html.find(_END, match.end())
        text = html[match.end() : end if end >= 0 else len(html)]
        if not _shows_url(text):
            pasted = url.startswith(f"{tracking.base_url}/click/")
            yield Link(match.start(1) + href.start(1), match.start(1) + href.end(1), target, text, pasted)


def rewrite_links(html: str, tracking: EmailTracking) -> str:
    """Return sanitized HTML in which the links that may be tracked lead to the tracking server."""
    if has_pixel(html, tracking.links):
        pixel = _PIXEL.format(base=re.escape(tracking.links.base_url))
        html = re.sub(pixel, "", html)
    parts: list[str] = []
    position = 0
    for link in find_links(html, tracking.links):
        if tracking.clicks:
            parts += (html[position : link.start], tracking.click_url(link.target))
        elif link.pasted:
            parts += (html[position : link.start], escape(decode_target(link.target)))
        else:
            continue
        position = link.end
    return "".join((*parts, html[position:]))


def has_pixel(html: str, tracking: TrackingLinks) -> bool:
    """Say whether HTML may have the pixel of another email, which a rep has pasted. ``rewrite_links`` removes it."""
    return f'"{tracking.base_url}/open/' in html


def _target(url: str, tracking: TrackingLinks) -> str | None:
    """Return the encoded target of a link; None if it is too long, or a tracked link that this server did not sign."""
    base = f"{tracking.base_url}/click/"
    if not url.startswith(base):
        return encode_target(url)
    email_id, _, rest = url.removeprefix(base).partition("/")
    target, _, signature = rest.partition("/")
    return target if clicked_target([tracking.key], email_id, target, signature) is not None else None


def _may_track(url: str, attributes: str, tracking: TrackingLinks) -> bool:
    if redirect_target(url) is None or "unsubscribe" in url.lower():
        return False
    if tracking.unsubscribe_prefix and url.startswith(tracking.unsubscribe_prefix):
        return False
    classes = _CLASS.search(attributes)
    return classes is None or NO_TRACKING_CLASS not in classes[1].split()


def _shows_url(html: str) -> bool:
    """Say whether the visible text of a link is a URL or a host name."""
    text = decode_references(_TAG.sub("", html)) if "<" in html else decode_references(html)
    return bool(len(text) <= MAX_SHOWN_URL and _SHOWN_URL.fullmatch(_INVISIBLE.sub("", text).strip()))
