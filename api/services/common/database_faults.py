"""The message that a client gets for an error of the database. It repeats no text of the database."""

from api.store.engine.faults.availability import log_database_outage
from api.store.engine.faults.database_faults import DatabaseFault, fault_of
from strategies.codes import Message

UNAVAILABLE = tuple(fault.value.code for fault in DatabaseFault if fault.is_transient or fault is DatabaseFault.CORRUPT)
"""Codes for which a response without data has the status 503. If several apply, the first says what to do."""
TRANSIENT = frozenset(fault.value.code for fault in DatabaseFault if fault.is_transient)
"""Codes of errors after which the same request can succeed later."""


def public_fault(problem: BaseException | None) -> Message | None:
    """Return the message for an error of the database, or None for any other error."""
    fault = fault_of(problem)
    return fault.value if fault else None


def log_outage(problem: BaseException | None) -> bool:
    """Say whether the state of the database caused an error. If so, log the outage in one line."""
    return log_database_outage(problem)
