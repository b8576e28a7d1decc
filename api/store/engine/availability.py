"""Tell an error of the database from a fault of ours, and log it in one line."""

import logging

from api.store.engine.database_faults import DatabaseFault, fault_of

log = logging.getLogger("touchline.store")

STATE_WORDS = {
    DatabaseFault.AWAY: "away",
    DatabaseFault.BUSY: "busy",
    DatabaseFault.FULL: "full",
    DatabaseFault.TIMEOUT: "too slow, or a statement was cancelled",
}


def log_database_outage(problem: BaseException | None) -> bool:
    """Say whether the state of the database is the cause of an error, and if so log it in one line."""
    fault = fault_of(problem)
    if problem is None or fault is None or not fault.is_operational:
        return False
    if fault is DatabaseFault.CORRUPT:
        log.error("the database is damaged: %s", one_line(problem))
    else:
        log.warning("the database is %s: %s", STATE_WORDS[fault], one_line(problem))
    return True


def one_line(problem: BaseException) -> str:
    """Return what an error says, in one line; where it says nothing, its name."""
    return " ".join(str(problem).split()) or type(problem).__name__


def database_unavailable(problem: BaseException | None) -> bool:
    """Say whether the database does not answer, is locked or full, or may only be read: later, the same may go well."""
    fault = fault_of(problem)
    return fault is not None and fault.is_transient
