"""HTML that is split at the values of fields and at the targets of links, so that joining it is all the work per email.

The links are found once for each template, not once for each email.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from api.mail.inline_limits import require_worker
from api.mail.tracking.links import find_links, has_pixel
from api.mail.tracking.signed_urls import EmailTracking, TrackingLinks

MAX_QUICK_LINKS = 100
"""Most links that are signed in the server's process for one email."""
_MARK_BEGIN, _MARK_END = "\ue000", "\ue001"


@dataclass(frozen=True, slots=True)
class LinkSlots:
    """The HTML of a template. Values and targets fill its slots."""

    parts: Sequence[str]
    value_slots: Sequence[int]
    """The indexes in ``parts`` of the values, in order."""
    links: Sequence[tuple[int, str]]
    """The indexes in ``parts`` of the links, with their encoded targets."""

    def fill(self, values: Sequence[str], tracking: EmailTracking) -> str:
        """Return the HTML for one person, with tracked links. ``values`` are escaped."""
        if len(self.links) > MAX_QUICK_LINKS:
            require_worker()
        filled = [*self.parts]
        for index, value in zip(self.value_slots, values, strict=True):
            filled[index] = value
        for index, target in self.links:
            filled[index] = tracking.click_url(target)
        return "".join(filled)


def split_at_links(value_parts: Sequence[str], tracking: TrackingLinks) -> LinkSlots | None:
    """Split HTML at its links. Every second of ``value_parts`` is the slot of a value.

    Returns None if the visible text of a link contains a value: whether it shows a URL depends on the person. None also
    for HTML with the pixel of another email.
    """
    marked = [*value_parts]
    marked[1::2] = [f"{_MARK_BEGIN}{_MARK_END}"] * (len(value_parts) // 2)
    html = "".join(marked)
    links = list(find_links(html, tracking))
    if has_pixel(html, tracking) or any(_MARK_BEGIN in link.text for link in links):
        return None
    parts: list[str] = []
    value_slots: list[int] = []
    found: list[tuple[int, str]] = []
    position = 0
    for link in [*links, None]:
        *before, last = html[position : len(html) if link is None else link.start].split(f"{_MARK_BEGIN}{_MARK_END}")
        for text in before:
            parts += (text, "")
            value_slots.append(len(parts) - 1)
        parts.append(last)
        if link is not None:
            parts.append("")
            found.append((len(parts) - 1, link.target))
            position = link.end
    return LinkSlots(parts, value_slots, found)
