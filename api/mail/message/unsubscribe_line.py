"""The line by which an email ends if its template has no link to unsubscribe."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from api.mail.html.limits import HtmlLimitError
from api.mail.html.sanitize import sanitize
from api.mail.plain_text import text_from_html
from api.mail.removed_html import find_removed_html
from api.mail.unsubscribing.own_links import LINK_PLACEHOLDER, UNSUBSCRIBE_FIELD

DEFAULT_HTML = f'<p style="font-size: small"><a href="{LINK_PLACEHOLDER}">Unsubscribe</a></p>'
DEFAULT_TEXT = f"Unsubscribe: {LINK_PLACEHOLDER}"
MAX_LINE_CHARACTERS = 2_000
"""Longest HTML of a workspace's own line, in characters."""
_FIELD = re.compile(rf"\{{\{{\s*{UNSUBSCRIBE_FIELD}\s*\}}\}}")


class UnsubscribeLine(NamedTuple):
    """The line in both parts of an email, each split at the link, so that joining them is all the work per email."""

    html: Sequence[str]
    text: Sequence[str]


@lru_cache(maxsize=256)
def unsubscribe_line(source: str | None) -> UnsubscribeLine:
    """Return the line. ``source`` is the workspace's own HTML; None for the default line."""
    if source is None:
        return UnsubscribeLine(DEFAULT_HTML.split(LINK_PLACEHOLDER), DEFAULT_TEXT.split(LINK_PLACEHOLDER))
    html = sanitize(_FIELD.sub(LINK_PLACEHOLDER, source))
    return UnsubscribeLine(html.split(LINK_PLACEHOLDER), text_from_html(html).strip().split(LINK_PLACEHOLDER))


def line_fault(source: str) -> str | None:
    """Say why HTML cannot be a workspace's own line; None if it can."""
    html = _FIELD.sub(LINK_PLACEHOLDER, source)
    if "{{" in html or "{%" in html:
        return f"The only field that it may contain is {{{{ {UNSUBSCRIBE_FIELD} }}}}."
    try:
        if removed := find_removed_html(html, template=False):
            return f"It may not contain {', '.join(removed[:3])}."
        if LINK_PLACEHOLDER not in text_from_html(sanitize(html)):
            return f'It must contain the link, such as <a href="{{{{ {UNSUBSCRIBE_FIELD} }}}}">Unsubscribe</a>.'
    except HtmlLimitError as problem:
        return problem.message.sentence
    return None
