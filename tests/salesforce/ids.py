"""Ids of records: 15 characters that differ by case, or 18 with a checksum of the case.

https://help.salesforce.com/s/articleView?id=000385585 (how the 3 characters are computed) and
https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/field_types.htm ("ID Field Type": answers have 18
characters, requests may have either).
"""

import string
from collections.abc import Iterator

CHECKSUM_ALPHABET = string.ascii_uppercase + "012345"
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
POD = "5g0"
PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "EmailMessage": "02s",
    "EmailMessageRelation": "0bG",
    "Lead": "00Q",
    "ListView": "00B",
    "OpportunityContactRole": "00K",
    "Organization": "00D",
    "Report": "00O",
    "Task": "00T",
}


def long_id(short: str) -> str:
    """Return an id of 15 characters with its checksum."""
    checksum = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, sign in enumerate(short[start : start + 5]) if sign in string.ascii_uppercase)
        checksum += CHECKSUM_ALPHABET[bits]
    return short + checksum


def read_id(text: object) -> str | None:
    """Return the id of 18 characters that a client means, or None if it is malformed.

    An id of 18 characters may have lost its case on the way; here it must have it, which is stricter.
    """
    if not isinstance(text, str) or len(text) not in (15, 18) or not all(sign in DIGITS for sign in text):
        return None
    whole = long_id(text[:15])
    return whole if len(text) == 15 or text == whole else None


def new_ids(name: str) -> Iterator[str]:
    """Yield ids for an object, some of which differ only by case."""
    prefix, number = PREFIXES[name] + POD, 620
    while True:
        rest, digits = number, ""
        for _ in range(9):
            rest, digit = divmod(rest, len(DIGITS))
            digits = DIGITS[digit] + digits
        yield long_id(prefix + digits)
        number += 1
