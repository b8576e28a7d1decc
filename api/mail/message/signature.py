"""The signature of a sender, which a template places by ``{{ my_signature }}``, or which is appended to it.

The signature becomes part of the source of the template, before it is rendered. So an email costs no more with it.
"""

import re
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from api.mail.message.compose import EmailContent
from api.mail.plain_text import text_from_html

SIGNATURE_FIELD = "my_signature"
MAX_SIGNATURE_CHARACTERS = 8_000
"""Longest HTML of a signature, in characters. Such HTML is converted to text in the server's process."""
_PLACE = re.compile(rf"\{{\{{-?\s{{0,20}}{SIGNATURE_FIELD}\s{{0,20}}-?\}}\}}")
TEMPLATE_MARKS = ("{{", "{%", "{#")
"""Texts that a signature must not contain, because it becomes part of templates."""


class Signature(NamedTuple):
    """A signature as sanitized HTML. It has no dynamic fields."""

    html: str
    appended: bool
    """Whether it is appended to a template that does not place it."""

    @property
    def text(self) -> str:
        """The signature as plain text."""
        return _text_of(self.html)


NO_SIGNATURE = Signature("", appended=False)


@lru_cache(maxsize=256)
def _text_of(html: str) -> str:
    return text_from_html(html).strip() if html else ""


def with_signature(content: EmailContent, signature: Signature) -> EmailContent:
    """Return the templates of an email with the signature in its place, or appended. A rep's text stays as it is."""
    html = content.html
    if not content.final_html:
        html, placed = _PLACE.subn(lambda _: signature.html, html)
        if not placed and signature.appended and signature.html:
            html = f"{html}\n{signature.html}"
    text = content.text
    if text is not None:
        text, placed = _PLACE.subn(lambda _: signature.text, text)
        if not placed and signature.appended and signature.html:
            text = f"{text.rstrip()}\n\n{signature.text}\n"
    return content if (html, text) == (content.html, content.text) else replace(content, html=html, text=text)
