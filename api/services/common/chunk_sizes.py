"""How many people one transaction of a job processes: fewer if their campaign has many steps.

A transaction blocks all other writers on SQLite, and the event loop builds its rows. So the limit is a number of rows,
not a number of people.
"""

RESOLVED_ROWS_PER_TRANSACTION = 400
"""Emails and tasks that one transaction reads and calculates."""
INSERTED_ROWS_PER_TRANSACTION = 2_000
"""Emails and tasks of one transaction that only inserts or updates them."""
MIN_PEOPLE = 10


def people_per_transaction(max_people: int, steps: int, rows: int = RESOLVED_ROWS_PER_TRANSACTION) -> int:
    """Return how many people have about ``rows`` rows in a campaign with ``steps`` steps, at most ``max_people``."""
    return min(max_people, max(MIN_PEOPLE, rows // max(1, steps)))
