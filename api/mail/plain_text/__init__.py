"""The text part of an email, made from its HTML part. Pure functions.

``converter`` reads the HTML and makes the text. ``line_writer`` joins its lines.

Imports: nothing.
Imported by: mail.message.
"""

import re

from api.mail.cache import Cache, cached_in, text_bytes
from api.mail.inline_limits import require_quick_html
from api.mail.plain_text.converter import HtmlConverter

TEXT_CACHE_BYTES = 8_000_000
"""Size of the cache of text parts with their HTML, in bytes."""


_SURROGATE = re.compile(r"[\ud800-\udfff]")


def plain_text(html: str) -> str:
    """Return HTML as readable text. Never raises, takes linear time, and ends with one line break.

    The HTML must be rendered: ``{{`` and ``}}`` are ordinary text here.
    """
    return HtmlConverter(_SURROGATE.sub("\ufffd", html)).writer.text() + "\n"


@cached_in(Cache[str](TEXT_CACHE_BYTES, text_bytes))
def text_from_html(html: str) -> str:
    """Return the text part for a rendered HTML part. Raises SlowWorkError within ``run_quick``."""
    require_quick_html(html)
    return plain_text(html)
