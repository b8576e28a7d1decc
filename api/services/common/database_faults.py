"""What clients read about a database error: a code and a sentence, but not the database's own message."""

from typing import NamedTuple

from api.store.engine.availability import log_database_outage
from api.store.engine.database_faults import DatabaseFault, fault_of

SENTENCES = {
    DatabaseFault.CORRUPT: "The database is damaged, or its file was deleted. The operator must restore it: trying "
    "again does not help.",
    DatabaseFault.AWAY: "The database does not answer at the moment. Try again later.",
    DatabaseFault.FULL: "The database has no space left. The operator must free some; then try again.",
    DatabaseFault.BUSY: "The database is busy: other work holds what this needs. Try again soon.",
    DatabaseFault.TIMEOUT: "The database ended this before it was finished: it took too long, or an operator ended it. "
    "Request less at once.",
    DatabaseFault.TOO_LARGE: "This is more than the database takes at once. Send shorter texts, or fewer values.",
    DatabaseFault.INVALID: "The database cannot store one of the values, such as a date or a number that is out of "
    "range. Correct it.",
    DatabaseFault.CHANGED: "Something that this refers to was changed in the meantime. Read it again.",
}
"""In order of importance: if a response has several faults, the client reads the first one's sentence first."""
UNAVAILABLE = tuple(fault for fault in SENTENCES if fault.is_transient or fault is DatabaseFault.CORRUPT)
"""Faults for which a response without data has the HTTP status 503."""


class PublicFault(NamedTuple):
    """A database error as clients read it."""

    code: str
    sentence: str


def public_fault(problem: BaseException | None) -> PublicFault | None:
    """Return what clients read about an error, or None if it is not a database error."""
    fault = fault_of(problem)
    return PublicFault(str(fault), SENTENCES[fault]) if fault else None


def log_outage(problem: BaseException | None) -> bool:
    """Say whether the state of the database caused an error. If so, log the outage in one line."""
    return log_database_outage(problem)
