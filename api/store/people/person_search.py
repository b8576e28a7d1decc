"""Find people by the beginnings of their names, company and address.

An index for each column has the texts with ASCII letters in lower case. Other letters, such as Ä, are looked up in
several spellings.
"""

from api.mail.address import address_prefix
from api.models import Person
from api.store.engine.listing.listing import Listing
from api.store.engine.listing.listing_statement import Condition
from api.store.engine.listing.small_lists import MAX_SORTED_ROWS, small_list
from api.store.engine.sql import in_byte_order, without_case

NAMES = ("first_name", "last_name", "company")
LAST_CHARACTER = "\U0010ffff"
"""The last character of Unicode. It comes after all others, and is in no name or address."""
MAX_WORDS = 5
"""The most words of a search text that are looked up. The others are ignored."""
PATH = ("filter", "search")


async def people_found(workspace_id: str, text: str, path: tuple[str, ...] = PATH) -> Listing:
    """Return the people who match a search text, to be sorted in any order. Raises Refusal TOO_MANY_TO_SORT.

    For each word of the text, the first name, last name, company or address must begin with it.
    """
    words = [beginnings(word) for word in text.split()[:MAX_WORDS]]
    everyone = Listing(Person).equal(workspace_id=workspace_id).where("erased_at IS NULL")
    found = await small_list([everyone.either(*word) for word in words] or [everyone], path, search=True)
    for word in words:
        values = tuple(value for each in word for value in each.values)
        found = found.where(f"({' OR '.join(each.sql for each in word)})", *values)
    return found


def beginnings(word: str) -> list[Condition]:
    """Return the conditions under which a person has a word, each for an index."""
    found = [begins_with(without_case(column), each) for column in NAMES for each in spellings(word)]
    return [*found, begins_with(in_byte_order("email_key"), address_prefix(word))]


def begins_with(column: str, text: str) -> Condition:
    """Return the condition that a column, as SQL, begins with a text."""
    return Condition(f"{column} BETWEEN {{}} AND {{}}", (text, text + LAST_CHARACTER))


def spellings(word: str) -> list[str]:
    """Return the spellings of a word as the index may have them: ASCII in lower case, other letters in either."""
    spellings = (word, word.lower(), word.upper(), word.capitalize())
    return list(dict.fromkeys(each.encode().lower().decode() for each in spellings))


__all__ = ["MAX_SORTED_ROWS", "beginnings", "begins_with", "people_found", "spellings"]
