"""Recognizes errors that the state of the database causes, and logs each in one line."""

import logging

from api.store.engine.faults.database_faults import DatabaseFault, fault_of

log = logging.getLogger("touchline.store")

STATE_WORDS = {
    DatabaseFault.AWAY: "unavailable",
    DatabaseFault.BUSY: "busy",
    DatabaseFault.FULL: "full",
    DatabaseFault.TIMEOUT: "too slow, or a statement was cancelled",
}


def log_database_outage(problem: BaseException | None) -> bool:
    """Log an error in one line if the state of the database caused it. Returns False for other errors."""
    fault = fault_of(problem)
    if problem is None or fault is None or not fault.is_operational:
        return False
    if fault is DatabaseFault.CORRUPT:
        log.error("the database is damaged: %s", one_line(problem))
    else:
        log.warning("the database is %s: %s", STATE_WORDS[fault], one_line(problem))
    return True


def one_line(problem: BaseException) -> str:
    """Return the message of an error in one line, or its class name if it has no message."""
    return " ".join(str(problem).split()) or type(problem).__name__


def database_unavailable(problem: BaseException | None) -> bool:
    """Say whether an error is temporary: the database does not respond, is locked, full or read-only."""
    fault = fault_of(problem)
    return fault is not None and fault.is_transient
