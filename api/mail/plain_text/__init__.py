"""The text part of an email, made from its HTML part. Pure.

Imports: nothing.
Imported by: mail.message.
"""

import re

from api.mail.plain_text.reader import Reader

_SURROGATE = re.compile(r"[\ud800-\udfff]")


def plain_text(html: str) -> str:
    """Return HTML as text for people: never raises, takes linear time, and ends with one line break.

    The HTML is rendered: braces in it are text.
    """
    return Reader(_SURROGATE.sub("\ufffd", html)).writer.text() + "\n"
