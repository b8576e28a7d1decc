"""The text part of an email, made from its HTML part. Pure; imports nothing from the rest of Touchline.

``plain_text`` is for HTML that is ready, ``template_text`` for a template whose text is rendered later.
"""

import re

from api.mail.plain_text.fields import Fields
from api.mail.plain_text.reader import Reader

_SPACES_AT_END = re.compile(r"(?<! ) ++(?=\n)")
_BLANK_LINES = re.compile(r"\n{3,}")


def plain_text(html: str) -> str:
    """Return HTML as text for people: never raises, takes linear time, and ends with one line break.

    Dynamic fields such as ``{{ first_name }}`` stay byte for byte, in texts and in addresses.
    """
    fields = Fields(html)
    return fields.restore(Reader(fields, template=False).writer.text()) + "\n"


def template_text(html: str) -> str:
    """Return an HTML template as a template of text.

    Braces that are no field in the HTML are none in the text. Tags stay, also those in comments and in what is hidden:
    a ``{% if vip %}`` must not lose its ``{% endif %}``.
    """
    fields = Fields(html)
    return fields.restore_template(Reader(fields, template=True).writer.text()) + "\n"


def tidy(text: str) -> str:
    """Return a rendered text without the blank lines and spaces that fields without a value leave behind."""
    text = f"{text.rstrip()}\n"
    if " \n" in text:
        text = _SPACES_AT_END.sub("", text)
    if "\n\n\n" in text:
        text = _BLANK_LINES.sub("\n\n", text)
    return text.lstrip("\n") or "\n"
