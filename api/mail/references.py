"""Decodes character references, such as ``&amp;`` and ``&#x41;``, in untrusted text.

``html.unescape`` alone raises ValueError for numbers of more than 4,300 digits.
"""

import re
from html import unescape

_LEADING_ZEROS = re.compile(r"(?<=&#)0++(?=[0-9])")
_HUGE_NUMBER = re.compile(r"&#[0-9]{8,}+;?")


def decode_references(text: str) -> str:
    """Replace character references by their characters. A number without a Unicode character becomes U+FFFD."""
    if "&" not in text:
        return text
    return unescape(_HUGE_NUMBER.sub("\ufffd", _LEADING_ZEROS.sub("", text)))
