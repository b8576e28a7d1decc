"""The names of columns, as files write them."""

import re
import unicodedata

COLUMN_NAMES = {
    "email": (
        *("email", "e_mail", "email_address", "e_mail_address", "e_mail_adresse", "email_adresse"),
        "e_mail_1_value",  # Google Contacts
    ),
    "first_name": ("first_name", "firstname", "given_name", "vorname"),
    "last_name": ("last_name", "lastname", "surname", "family_name", "nachname"),
    "title": ("title", "job_title", "jobtitle"),
    "company": ("company", "company_name", "firma"),
    "zone": ("zone", "time_zone", "timezone"),
}
"""The columns of a person, and the names by which a file may call each. The first is the column's own name.

A name is here only if it can mean nothing else: "Titel" (German for a doctorate as well as a job) is not.
"""

MAX_NAME_LENGTH = 200
_EDGE_PUNCTUATION = re.compile(r"^\W+|\W+$")
_PUNCTUATION = re.compile(r"\W+")


_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def plain_name(header: str) -> str:
    """Return a header cell in lower case, with an underscore between words and Latin letters without accents.

    "E-Mail Address" is "e_mail_address", "Größe" is "groesse" (as "Straße" is "strasse"), "Prénom" is "prenom".
    """
    text = unicodedata.normalize("NFC", header[: MAX_NAME_LENGTH + 1].casefold()).translate(_GERMAN)
    parts = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(each for each in parts if not unicodedata.combining(each))
    return _PUNCTUATION.sub("_", _EDGE_PUNCTUATION.sub("", letters))
