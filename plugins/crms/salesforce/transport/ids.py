"""Ids of Salesforce's records: 15 characters that differ by case, or 18 with a checksum of the case.

All answers of the API have 18 characters, a user may copy 15 from a URL
(https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/field_types.htm, "ID Field Type";
https://help.salesforce.com/s/articleView?id=000385585).
"""

import re
import string

CHECKSUM_SIGNS = string.ascii_uppercase + "012345"
ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?", re.ASCII)
LEAD, CONTACT, USER, TASK, EMAIL_MESSAGE = "00Q", "003", "005", "00T", "02s"
"""The first characters of ids say the object."""


def whole_id(text: object) -> str | None:
    """Return an id with 18 characters, or None if the value is not an id.

    The checksum restores the case of an id that lost it, as in a system that compares without case.
    """
    if not isinstance(text, str) or not ID.fullmatch(text):
        return None
    return text + _checksum(text) if len(text) == 15 else _restored(text)


def _checksum(short: str) -> str:
    blocks = (short[start : start + 5] for start in (0, 5, 10))
    return "".join(
        CHECKSUM_SIGNS[sum(1 << place for place, sign in enumerate(block) if sign.isupper())] for block in blocks
    )


def _restored(text: str) -> str | None:
    numbers = [CHECKSUM_SIGNS.find(sign) for sign in text[15:].upper()]
    if -1 in numbers:
        return None
    letters = (
        sign.upper() if numbers[place // 5] >> place % 5 & 1 else sign.lower() for place, sign in enumerate(text[:15])
    )
    short = "".join(letters)
    return short + text[15:].upper() if _checksum(short) == text[15:].upper() else None
