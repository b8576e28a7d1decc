"""How many people one transaction of a job takes: fewer where a campaign has many steps.

A transaction keeps SQLite from everybody else, and its rows are made in the event loop: so its size is bounded by its
rows, not by its people.
"""

ROWS_AT_ONCE = 400
"""Emails and tasks that are read and resolved for one transaction."""
INSERTED_AT_ONCE = 2_000
"""Emails and tasks that are only written by one transaction."""
LEAST_PEOPLE = 10


def people_at_once(most: int, steps: int, rows: int = ROWS_AT_ONCE) -> int:
    """Return how many people have about so many ``rows`` in a campaign of so many steps: ``most``, or fewer."""
    return min(most, max(LEAST_PEOPLE, rows // max(1, steps)))
