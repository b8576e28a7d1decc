"""The text part of an email, made from its HTML part. Pure functions.

Imports: nothing.
Imported by: mail.message.
"""

import re

from api.mail.plain_text.reader import HtmlReader

_SURROGATE = re.compile(r"[\ud800-\udfff]")


def plain_text(html: str) -> str:
    """Return HTML as readable text. Never raises, takes linear time, and ends with one line break.

    The HTML must be rendered: ``{{`` and ``}}`` are ordinary text here.
    """
    return HtmlReader(_SURROGATE.sub("\ufffd", html)).writer.text() + "\n"
