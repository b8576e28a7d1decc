"""Check the text of a CSV file before it is read."""

from api.mail.text_checks import text_problem
from strategies import Refusal

CHARACTERS_PER_SEARCH = 1_000_000
"""Characters that one search covers. Other threads wait during a search."""


def check_source(source: str) -> None:
    """Refuse a text that the database cannot store. The Refusal has no path.

    Call it in a thread, because the text can have many megabytes.
    """
    if source.isascii() and "\x00" not in source:
        return
    for start in range(0, len(source), CHARACTERS_PER_SEARCH):
        if problem := text_problem(source[start : start + CHARACTERS_PER_SEARCH]):
            raise Refusal(*problem)
