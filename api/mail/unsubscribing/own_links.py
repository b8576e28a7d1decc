"""The link by which the recipient of an email unsubscribes, in its content: ``{{ unsubscribe_url }}``."""

import re
from functools import lru_cache

UNSUBSCRIBE_FIELD = "unsubscribe_url"
"""Name of the reserved dynamic field with the link."""
LINK_PLACEHOLDER = "https://unsubscribe.touchline.invalid/0"
"""Placeholder in HTML that is prepared once for many recipients. Each email gets its own link in its place."""
_PAGE = "/unsubscribe/"


def with_own_link(text: str, link: str) -> str:
    """Return a text in which every link of the unsubscribe page is this link.

    A rep may paste an email that another person got, or a person may have another address since the text was written.
    """
    base, page, _ = link.partition(_PAGE)
    return _links_of(base).sub(lambda _: link, text) if page and base + page in text else text


@lru_cache(maxsize=16)
def _links_of(base: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(base + _PAGE)}[\w/-]+", re.ASCII)
