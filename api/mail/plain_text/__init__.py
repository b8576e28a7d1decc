"""The text part of an email, made from its HTML part. Pure; imports nothing from the rest of Touchline."""

from api.mail.plain_text.fields import Fields
from api.mail.plain_text.reader import Reader


def plain_text(html: str, *, template: bool = True) -> str:
    """Return HTML as text for people: never raises, takes linear time, and ends with one line break.

    In a ``template``, dynamic fields such as ``{{ first_name }}`` stay byte for byte, in texts and in addresses.
    """
    fields = Fields(html, template=template)
    return fields.restore(Reader(fields).writer.text()) + "\n"
