"""Character references, such as ``&amp;`` and ``&#x41;``, in any text that people send.

``html.unescape`` alone raises ValueError for numbers of more than 4,300 digits.
"""

import re
from html import unescape

_LEADING_ZEROS = re.compile(r"(?<=&#)0++(?=[0-9])")
_HUGE_NUMBER = re.compile(r"&#[0-9]{8,}+;?")


def decoded(text: str) -> str:
    """Return a text without character references. A number that is no character becomes U+FFFD."""
    if "&" not in text:
        return text
    return unescape(_HUGE_NUMBER.sub("\ufffd", _LEADING_ZEROS.sub("", text)))
